import type { TargetFacts } from "@evenkeel/contracts/observation";
import { z } from "zod";
import type { AskMysql } from "./mysql-line.ts";
import { askReplicaStatus, readReplicaLag } from "./mysql-replica.ts";

const QUESTION = "SELECT VERSION() AS version, @@read_only AS read_only";
const Rows = z.tuple([z.object({ version: z.string(), read_only: z.coerce.string() })]);
const Status = z.array(z.record(z.string(), z.unknown())).nullable();

/**
 * Finds out what a MySQL or MariaDB server is.
 *
 * @param ask asks it
 * @param user the monitor's account
 */
export async function inspectMysql(ask: AskMysql, user: string): Promise<TargetFacts> {
  const [{ version, read_only }] = Rows.parse(await ask(QUESTION));
  const status = Status.parse(await askReplicaStatus(ask));
  const follows = status === null ? "" : status.length > 0 ? ", follows a source" : ", follows nobody";
  const isMariadb = /mariadb/i.test(version);
  const right = isMariadb ? "REPLICA MONITOR" : "REPLICATION CLIENT";
  const statement = `GRANT ${right} ON *.* TO ${user}@'<agent>'`;
  return {
    version: isMariadb ? version : `MySQL ${version}`,
    role: `${read_only === "0" || read_only === "OFF" ? "takes writes" : "read-only"}${follows}`,
    lagMs: status === null ? null : readReplicaLag(status),
    missing: status === null ? [{ right, statement }] : [],
  };
}
