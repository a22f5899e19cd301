import type { Principal } from "@evenkeel/contracts/principal";
import { and, desc, eq, gt, isNotNull, isNull, lt, or } from "drizzle-orm";
import { THROTTLE_WINDOW_MS } from "../auth/throttle.ts";
import { type Catalogue, openCatalogue, within } from "../db/open.ts";
import {
  apiTokens,
  audit,
  enrolmentTokens,
  instances,
  loginAttempts,
  loginLinks,
  plans,
  sessions,
  users,
} from "../db/schema.ts";
import { type Env, openInstance } from "../environment.ts";
import { publishPlan } from "../plan/publish.ts";
import { drainAudit } from "./drain-audit.ts";
import { probeFromEdge } from "./probe-from-edge.ts";

/** Audit records are kept so long, in milliseconds: a year. */
export const AUDIT_KEEP_MS = 365 * 86_400_000;
/** Enrolment tokens that were used or have expired are kept so long, in milliseconds: a week. */
const ENROLMENT_KEEP_MS = 7 * 86_400_000;
/** Callers that Instances learn at most, sessions and tokens together. */
const PRINCIPALS_MAX = 500;

/**
 * The minute's pass: prunes what is over, publishes what was changed but not published, wakes every Instance, and asks
 * the targets that people declared public. It may be missed and may run twice: each step looks at what there is and repeats nothing that is done.
 *
 * @param env the bindings
 * @param now wall clock in ms since 1970
 */
export async function runEveryMinute(env: Env, now: number): Promise<void> {
  const catalogue = await openCatalogue(env.DB);
  await prune(catalogue, now);
  const principals = await listPrincipals(catalogue, now);
  const rows = await within(
    catalogue
      .select({
        id: instances.id,
        revision: instances.revision,
        published: plans.revision,
        version: plans.version,
      })
      .from(instances)
      .leftJoin(plans, eq(plans.instanceId, instances.id)),
  );
  const outcomes = await Promise.allSettled(
    rows.map(async ({ id, revision, published, version }) => {
      const isOld = published !== revision;
      const latest = isOld ? (await publishPlan(env, catalogue, id, null)).version : (version ?? 0);
      const instance = openInstance(env, id);
      const targets = await instance.wake(latest, principals);
      await drainAudit(env, catalogue, id);
      if (targets.length > 0) await instance.takeEdgeProbes(await probeFromEdge(targets));
    }),
  );
  for (const outcome of outcomes) {
    // One Instance that is ill must not keep the others from being woken; the next minute tries again.
    if (outcome.status === "rejected") console.error(`the minute's pass failed: ${String(outcome.reason)}`);
  }
}

async function prune(catalogue: Catalogue, now: number): Promise<void> {
  const longAgo = now - ENROLMENT_KEEP_MS;
  await within(
    catalogue.batch([
      catalogue.delete(sessions).where(lt(sessions.expiresAtMs, now)),
      catalogue.delete(loginLinks).where(lt(loginLinks.expiresAtMs, now)),
      catalogue.delete(loginAttempts).where(lt(loginAttempts.windowStartMs, now - THROTTLE_WINDOW_MS)),
      catalogue
        .delete(apiTokens)
        .where(and(isNotNull(apiTokens.expiresAtMs), lt(apiTokens.expiresAtMs, now))),
      catalogue.delete(enrolmentTokens).where(lt(enrolmentTokens.expiresAtMs, longAgo)),
      catalogue.delete(audit).where(lt(audit.atMs, now - AUDIT_KEEP_MS)),
    ]),
  );
}

async function listPrincipals(catalogue: Catalogue, now: number): Promise<Principal[]> {
  const alive = or(isNull(apiTokens.expiresAtMs), gt(apiTokens.expiresAtMs, now));
  const [tokenRows, sessionRows] = await within(
    catalogue.batch([
      catalogue.select().from(apiTokens).where(alive).limit(PRINCIPALS_MAX),
      catalogue
        .select({
          id: sessions.id,
          name: users.name,
          role: users.role,
          expiresAtMs: sessions.expiresAtMs,
          hash: sessions.secretHash,
        })
        .from(sessions)
        .innerJoin(users, eq(users.id, sessions.userId))
        .where(gt(sessions.expiresAtMs, now))
        .orderBy(desc(sessions.createdAtMs))
        .limit(PRINCIPALS_MAX),
    ]),
  );
  const byToken = tokenRows.map(
    ({ id, name, role, expiresAtMs, secretHash }): Principal => ({
      kind: "token",
      id,
      name,
      role,
      expiresAtMs,
      hash: secretHash,
    }),
  );
  const bySession = sessionRows.map((row): Principal => ({ kind: "session", ...row }));
  return [...byToken, ...bySession].slice(0, PRINCIPALS_MAX);
}
