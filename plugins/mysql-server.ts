import type { Judgement } from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { judgeConnections } from "./connection-share.ts";
import { judgeFailure, judgeStranger, judgeUp } from "./judge-failure.ts";
import type { Meanings } from "./meaning.ts";
import { MYSQL_MEANINGS } from "./mysql-meanings.ts";

/**
 * Asks whether writes are on, and for the connections; USAGE suffices. Two statements in one round trip, because no
 * single one finds the connections in both MySQL and MariaDB. The text is constant: nothing is ever put into it.
 */
export const MYSQL_QUESTION =
  "SELECT @@read_only AS read_only, @@innodb_read_only AS engine_read_only, @@max_connections AS allowed;" +
  "SHOW GLOBAL STATUS LIKE 'Threads_connected'";

/** MariaDB 12 knows more values than on and off, and all but off refuse writes. */
const Flag = z
  .union([z.number(), z.string()])
  .transform((value) => value !== 0 && value !== "0" && value !== "OFF");
/** What comes back. */
export const MysqlSample = z.tuple([
  z.tuple([z.object({ read_only: Flag, engine_read_only: Flag, allowed: z.coerce.number() })]),
  z.tuple([z.object({ Value: z.coerce.number() })]),
]);

/** Numbers of servers and proxies; the driver's own errors have names. */
const SERVER_NUMBER = /^[1-9][0-9]{3,4}$/;

/** Whom a session asked. */
export interface MysqlSubject {
  readonly address: string;
  readonly user: string;
  readonly monitoredDatabase: string;
}

/**
 * Judges a session that got no answer.
 *
 * @param outcome how it ended
 * @param subject whom it asked
 * @param meanings of codes; left out: those of a probe
 */
export function judgeMysqlFailure(
  outcome: Exclude<ProbeOutcome, { type: "answered" }>,
  { address, user, monitoredDatabase: database }: MysqlSubject,
  meanings: Meanings = MYSQL_MEANINGS,
): Judgement {
  const isEngineCode = (code: string) => SERVER_NUMBER.test(code);
  return judgeFailure(outcome, { address, user, database, meanings, isEngineCode });
}

/**
 * Judges how the question to a server ended.
 *
 * @param outcome the answer, or why there is none
 * @param subject whom it asked
 */
export function judgeMysqlServer(outcome: ProbeOutcome, subject: MysqlSubject): Judgement {
  const { address } = subject;
  if (outcome.type !== "answered") return judgeMysqlFailure(outcome, subject);
  const sample = MysqlSample.safeParse(outcome.sample).data;
  if (sample === undefined) return judgeStranger("MySQL or MariaDB", address);
  const [[settings], [{ Value: used }]] = sample;
  if (settings.read_only || settings.engine_read_only) {
    const variable = settings.read_only ? "read_only" : "innodb_read_only";
    return { verdict: "read_only", reason: "read-only", words: `${variable} is on at ${address}` };
  }
  return (
    judgeConnections(used, settings.allowed) ??
    judgeUp(outcome.latencyMs, `${used} of ${settings.allowed} connections`)
  );
}
