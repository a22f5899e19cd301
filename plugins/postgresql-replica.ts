import type { Judgement } from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { judgeStranger } from "./judge-failure.ts";
import { judgeFollowing } from "./judge-replicas.ts";
import { judgePostgresqlFailure, type PostgresqlSubject } from "./postgresql-server.ts";

/**
 * Asks a replica whether it recovers and streams, and how far behind it is. One that has replayed all it received is not
 * behind, however long its primary has been idle; after a restart it receives anew from the beginning of a segment. The
 * state of the receiver is seen with `pg_monitor` only.
 */
export const REPLICA_QUESTION = `SELECT pg_is_in_recovery() AS recovering,
 EXISTS (SELECT FROM pg_stat_wal_receiver) AS receiving,
 (SELECT status FROM pg_stat_wal_receiver) AS status,
 pg_has_role('pg_monitor', 'USAGE') AS sees,
 CASE WHEN coalesce(pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn(), true) THEN 0
 ELSE extract(epoch FROM clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time())) * 1000 END::float8 AS lag`;

const Sample = z.object({
  recovering: z.boolean(),
  receiving: z.boolean(),
  status: z.string().nullable(),
  sees: z.boolean(),
  lag: z.number().nullable(),
});

/**
 * Judges a replica: it is to be in recovery, and to stream.
 *
 * @param outcome how its probe ended
 * @param subject whom it asked
 * @param lagLimitMs a replica further behind is ill; null: no limit
 */
export function judgePostgresqlReplica(
  outcome: ProbeOutcome,
  subject: PostgresqlSubject,
  lagLimitMs: number | null,
): Judgement {
  if (outcome.type !== "answered") return judgePostgresqlFailure(outcome, subject);
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined) return judgeStranger("PostgreSQL", subject.address);
  const { recovering, receiving, status, sees, lag } = sample;
  if (!recovering) {
    const troubles = ["takes writes although it should only follow: it is not in recovery"];
    return judgeFollowing({ troubles, lagMs: null }, lagLimitMs);
  }
  const broken = !receiving || (status !== null && status !== "streaming");
  const troubles = broken ? [`does not follow: its receiver is ${status ?? "not running"}`] : [];
  const missing = sees
    ? undefined
    : {
        words: "whether it streams is not known: the account may not see it",
        advice: `GRANT pg_monitor TO "${subject.user}"`,
      };
  // Without a receiver everything received was replayed, which says nothing of what was not received.
  return judgeFollowing({ troubles, lagMs: broken ? null : lag, missing }, lagLimitMs);
}
