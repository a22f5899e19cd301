import { type Catalogue, within } from "../db/open.ts";
import { audit } from "../db/schema.ts";
import { type Env, openInstance } from "../environment.ts";

/** Commands whose audit is fetched from an Instance in one pass. */
const DRAIN_MAX = 200;
/** Rows of one insert: D1 binds at most 100 values. */
const ROWS_PER_INSERT = 10;

/**
 * Brings the audit of commands from an Instance into the catalogue. A command is audited in the Instance's own
 * transaction, so that it is recorded even while the catalogue is dead.
 *
 * @param env the bindings
 * @param catalogue the catalogue
 * @param instanceId id of the instance
 */
export async function drainAudit(env: Env, catalogue: Catalogue, instanceId: string): Promise<void> {
  const instance = openInstance(env, instanceId);
  const entries = await instance.listAudit(DRAIN_MAX);
  const last = entries.at(-1);
  if (last === undefined) return;
  for (let start = 0; start < entries.length; start += ROWS_PER_INSERT) {
    const rows = entries.slice(start, start + ROWS_PER_INSERT).map((entry) => ({
      // The id is made of the entry's own place, so that a second run writes the same row and not another one.
      id: `${entry.atMs.toString(36).padStart(9, "0")}-${instanceId}-${entry.seq}`,
      atMs: entry.atMs,
      principal: entry.principal,
      action: entry.action,
      resource: entry.resource,
      instanceId,
      before: null,
      after: JSON.parse(entry.after) as unknown,
      source: entry.source,
    }));
    await within(catalogue.insert(audit).values(rows).onConflictDoNothing());
  }
  await instance.dropAudit(last.seq);
}
