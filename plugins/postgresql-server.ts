import type { Judgement } from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { judgeConnections } from "./connection-share.ts";
import { judgeFailure, judgeStranger, judgeUp } from "./judge-failure.ts";
import type { Meanings } from "./meaning.ts";
import { findRefusal, POSTGRESQL_MEANINGS } from "./postgresql-meanings.ts";

/**
 * Asks for the role, for whether writes are on, and for the connections among those that ordinary accounts may have.
 * One constant text by the simple protocol, which every pooler lets through. Without `pg_monitor` the type of other
 * accounts' backends is hidden; then whatever has a database counts.
 */
export const POSTGRESQL_QUESTION = `SELECT pg_is_in_recovery() AS recovering,
 current_setting('default_transaction_read_only') AS read_only,
 current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS allowed,
 (SELECT count(*) FROM pg_stat_get_activity(NULL)
   WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL))::int AS used`;

const Sample = z.object({
  recovering: z.boolean(),
  read_only: z.enum(["on", "off"]),
  used: z.number(),
  allowed: z.number(),
});

/** A SQLSTATE has five characters, digits and capitals. */
const SQLSTATE = /^[0-9A-Z]{5}$/;
/** Node's codes of five characters, which are no SQLSTATE. */
const SYSTEM_CODES: ReadonlySet<string> = new Set(["EPIPE", "EPERM", "EBUSY", "EBADF", "EFAULT", "EAGAIN"]);

/** Whom a session asked. */
export interface PostgresqlSubject {
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
export function judgePostgresqlFailure(
  outcome: Exclude<ProbeOutcome, { type: "answered" }>,
  { address, user, monitoredDatabase: database }: PostgresqlSubject,
  meanings: Meanings = POSTGRESQL_MEANINGS,
): Judgement {
  const isEngineCode = (code: string) => SQLSTATE.test(code) && !SYSTEM_CODES.has(code);
  const said = outcome.type === "failed" ? outcome.error.message : "";
  const apart = { ...meanings, ...findRefusal(said) };
  return judgeFailure(outcome, { address, user, database, meanings: apart, isEngineCode });
}

/**
 * Judges how the question to a server ended.
 *
 * @param outcome the answer, or why there is none
 * @param subject whom it asked
 */
export function judgePostgresqlServer(outcome: ProbeOutcome, subject: PostgresqlSubject): Judgement {
  const { address } = subject;
  if (outcome.type !== "answered") return judgePostgresqlFailure(outcome, subject);
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined) return judgeStranger("PostgreSQL", address);
  if (sample.recovering)
    return { verdict: "read_only", reason: "read-only", words: `${address} is a standby in recovery` };
  if (sample.read_only === "on")
    return { verdict: "read_only", reason: "read-only", words: "default_transaction_read_only is on" };
  return (
    judgeConnections(sample.used, sample.allowed) ??
    judgeUp(outcome.latencyMs, `${sample.used} of ${sample.allowed} connections`)
  );
}
