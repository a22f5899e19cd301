import { AppError } from "@evenkeel/contracts/errors";
import { type Principal, renderPrincipal } from "@evenkeel/contracts/principal";
import type { Context } from "hono";
import type { AppEnv } from "../app-env.ts";
import { mintId } from "../auth/secrets.ts";
import type { Catalogue } from "./open.ts";
import { within } from "./open.ts";
import { audit } from "./schema.ts";

/** What is audited: never a secret, before and after as people see them. */
export interface AuditEntry {
  /** Verb and resource, such as `create namespace`. */
  readonly action: string;
  /** Id of what it was done to. */
  readonly resource: string;
  readonly instanceId?: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** A statement of a D1 batch. */
export type Statement = Parameters<Catalogue["batch"]>[0][number];

/**
 * Carries out a change and its audit record in one transaction.
 *
 * @param c the request
 * @param statements the change
 * @param entry what to record
 * @param principal who; absent for callers that are not signed in yet
 * @throws AppError, or D1's error, when nothing was changed
 */
export async function change(
  c: Context<AppEnv>,
  statements: readonly Statement[],
  entry: AuditEntry,
  principal: Principal | string,
): Promise<void> {
  const who = typeof principal === "string" ? principal : renderPrincipal(principal);
  const record = renderAudit(c.get("catalogue"), entry, who, c.get("source"));
  const [first, ...rest] = [...statements, record];
  if (first === undefined) throw new AppError("internal", "A change without a statement");
  await within(c.get("catalogue").batch([first, ...rest]));
}

/**
 * Renders an audit record as a statement.
 *
 * @param catalogue the catalogue
 * @param entry what to record
 * @param principal who did it
 * @param source from where
 * @returns the statement
 */
export function renderAudit(catalogue: Catalogue, entry: AuditEntry, principal: string, source: string) {
  const atMs = Date.now();
  return catalogue.insert(audit).values({
    // The time in front makes ids sort by time, so that a page can be asked for by id.
    id: `${atMs.toString(36).padStart(9, "0")}-${mintId("aud")}`,
    atMs,
    principal,
    action: entry.action,
    resource: entry.resource,
    instanceId: entry.instanceId ?? null,
    before: entry.before ?? null,
    after: entry.after ?? null,
    source,
  });
}
