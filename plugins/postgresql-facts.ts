import type { TargetFacts } from "@evenkeel/contracts/observation";
import { z } from "zod";
import type { AskPostgresql } from "./postgresql-line.ts";
import { REPLICA_QUESTION } from "./postgresql-replica.ts";

const Version = z.object({ version: z.string() });
const Replica = z.object({ recovering: z.boolean(), sees: z.boolean(), lag: z.number().nullable() });

/**
 * Finds out what a PostgreSQL server is.
 *
 * @param ask asks it
 * @param user the monitor's account
 */
export async function inspectPostgresql(ask: AskPostgresql, user: string): Promise<TargetFacts> {
  const { version } = Version.parse((await ask("SELECT current_setting('server_version') AS version"))[0]);
  const { recovering, sees, lag } = Replica.parse((await ask(REPLICA_QUESTION))[0]);
  return {
    version: `PostgreSQL ${version}`,
    role: recovering ? "standby in recovery" : "primary",
    lagMs: recovering && lag !== null ? Math.max(0, lag) : null,
    missing: sees ? [] : [{ right: "pg_monitor", statement: `GRANT pg_monitor TO "${user}"` }],
  };
}
