import type { Judgement } from "@evenkeel/contracts/observation";
import type { ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { judgeStranger } from "./judge-failure.ts";
import { judgeFollowing } from "./judge-replicas.ts";
import { keepConnection } from "./keep-connection.ts";
import { type AskMysql, connectMysql } from "./mysql-line.ts";
import { judgeMysqlFailure, MYSQL_QUESTION, MysqlSample, type MysqlSubject } from "./mysql-server.ts";
import type { SqlSettings } from "./sql-settings.ts";

/** Both read the same; MySQL 8.4 knows the first only, and MySQL before 8.0.22 the second only. */
const STATUS = ["SHOW REPLICA STATUS", "SHOW SLAVE STATUS"] as const;
/** The server's number for a statement that it does not know. */
const NO_SUCH_STATEMENT = 1064;
/** The server's number for a right that the account lacks. */
const DENIED = 1227;
/** Rights are read at the login, so that a session which lacks one is begun anew after so many questions. */
const ASKS_WITHOUT_RIGHT = 20;

/** What lets the monitor's account see how a replica follows: MariaDB's right, then MySQL's. */
export const MYSQL_REPLICA_GRANT =
  "GRANT REPLICA MONITOR ON *.* TO {user}@'<agent>' (MySQL: GRANT REPLICATION CLIENT ON *.* …)";

type Row = Readonly<Record<string, unknown>>;

/**
 * Opens the session of a replica.
 *
 * @param settings the target's, with the replica's address
 * @param context the agent's surroundings
 * @returns the session; its sample is `{server, status}`, the status null where the account may not see it
 */
export function openMysqlReplica(settings: SqlSettings, context: ProbeContext): ProbeSession {
  return keepConnection(context, async (line) => {
    const ask = await connectMysql(settings, context, line);
    let asksWithoutRight = 0;
    return async () => {
      const server = await ask(MYSQL_QUESTION);
      const status = await askReplicaStatus(ask);
      asksWithoutRight = status === null ? asksWithoutRight + 1 : 0;
      if (asksWithoutRight >= ASKS_WITHOUT_RIGHT) line.socket.destroy();
      return { server, status };
    };
  });
}

/**
 * Asks how a server follows.
 *
 * @param ask asks it
 * @returns the rows, one per source; null: the account may not see them
 */
export async function askReplicaStatus(ask: AskMysql): Promise<unknown> {
  const [first, second] = STATUS;
  try {
    return await ask(first).catch((error: { errno?: number }) => {
      if (error.errno !== NO_SUCH_STATEMENT) throw error;
      return ask(second);
    });
  } catch (error) {
    if ((error as { errno?: number }).errno === DENIED) return null;
    throw error;
  }
}

const Sample = z.object({
  server: MysqlSample,
  status: z.array(z.record(z.string(), z.unknown())).nullable(),
});

/**
 * Judges a replica: it is to be read-only, and to follow.
 *
 * @param outcome how its probe ended
 * @param subject whom it asked
 * @param lagLimitMs a replica further behind is ill; null: no limit
 */
export function judgeMysqlReplica(
  outcome: ProbeOutcome,
  subject: MysqlSubject,
  lagLimitMs: number | null,
): Judgement {
  if (outcome.type !== "answered") return judgeMysqlFailure(outcome, subject);
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined) return judgeStranger("MySQL or MariaDB", subject.address);
  const [[{ read_only, engine_read_only }]] = sample.server;
  const isWritable = !read_only && !engine_read_only;
  const writable = isWritable ? ["takes writes although it should only follow"] : [];
  if (sample.status === null) {
    const missing = {
      words: "whether it follows is not known: the account may not see it",
      advice: MYSQL_REPLICA_GRANT.replace("{user}", subject.user),
    };
    return judgeFollowing({ troubles: writable, lagMs: null, missing }, lagLimitMs);
  }
  const troubles = [...writable, ...listTroubles(sample.status)];
  return judgeFollowing({ troubles, lagMs: readReplicaLag(sample.status) }, lagLimitMs);
}

/** A column whose name was changed from the second word to the first. */
function pick(row: Row, name: string): unknown {
  return row[`Replica_${name}`] ?? row[`Slave_${name}`];
}

function listTroubles(rows: readonly Row[]): string[] {
  if (rows.length === 0) return ["follows nobody: no replication is set up"];
  return rows.flatMap((row) => {
    const threads = [
      ["IO", pick(row, "IO_Running"), row.Last_IO_Error],
      ["SQL", pick(row, "SQL_Running"), row.Last_SQL_Error],
    ] as const;
    return threads.flatMap(([name, state, error]) => {
      if (state === "Yes") return [];
      const why = typeof error === "string" && error !== "" ? `: ${error}` : "";
      return [`does not follow: its ${name} thread says ${String(state)}${why}`];
    });
  });
}

/**
 * Reads how far behind a server says it is.
 *
 * @param rows one per source
 * @returns milliseconds behind the one that it is furthest behind; null: it does not say
 */
export function readReplicaLag(rows: readonly Row[]): number | null {
  const lags = rows.flatMap((row) => {
    const seconds = row.Seconds_Behind_Source ?? row.Seconds_Behind_Master;
    return seconds === null || seconds === undefined ? [] : [Number(seconds) * 1000];
  });
  return lags.length === 0 ? null : Math.max(...lags);
}
