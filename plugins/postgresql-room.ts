import type { AskPostgresql } from "./postgresql-line.ts";

/** A server is asked for room so often, in milliseconds; one that had none is asked with each probe. */
const ROOM_EVERY_MS = 60_000;

/**
 * Counts what does not fit into the memory that it may take, so that the server has to put about a third of a megabyte
 * into a temporary file. No right is needed for that and no data is touched, standbys can do it too, and the setting ends
 * with the statement, whichever connection a pooler sends it over. `low` stands first because the series depends on it.
 */
export const ROOM_QUESTION = `SELECT count(*) FROM (SELECT set_config('work_mem', '64kB', true) AS memory OFFSET 0) AS low,
 LATERAL generate_series(1, 10000 + 0 * length(low.memory))`;

/** The account may keep fewer temporary files, or something that speaks PostgreSQL's language cannot do this. */
const NO_ANSWER = /^(53400|0A000|42\w{3})$/;

/** Asks a question; its first row is the sample. */
type Probe = () => Promise<Readonly<Record<string, unknown>> | undefined>;

/** Makes a probe that asks its question and nothing else. */
export function askOnly(ask: AskPostgresql, question: string): Probe {
  return async () => (await ask(question))[0];
}

/**
 * Makes a probe that now and then also has the server write a temporary file: whoever only reads does not notice a full
 * disk, and neither does an account whose row needs no new room, until the server cannot write its log and dies.
 *
 * @param ask asks the server
 * @param question of each probe
 * @returns the probe; it rejects with the server's error (53100) while there is no room
 */
export function askWithRoom(ask: AskPostgresql, question: string): Probe {
  let dueAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    const [row] = await ask(question);
    if (performance.now() < dueAtMs) return row;
    await ask(ROOM_QUESTION).catch((error: { readonly code?: unknown }) => {
      if (typeof error.code !== "string" || !NO_ANSWER.test(error.code)) throw error;
    });
    dueAtMs = performance.now() + ROOM_EVERY_MS;
    return row;
  };
}
