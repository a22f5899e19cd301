import type { DataPosition } from "../routing/data-position.ts";

/**
 * Asks how far a server's data is; every account may. On a standby the control file may still show the timeline before the
 * last one, so that the later of its two is taken.
 */
export const POSITION = `SELECT pg_is_in_recovery() AS follows,
  CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text AS lsn,
  (SELECT system_identifier::text FROM pg_control_system()) AS system,
  greatest((SELECT timeline_id FROM pg_control_checkpoint()),
    (SELECT min_recovery_end_timeline FROM pg_control_recovery())) AS timeline`;

const WRITTEN = /^(?<history>\d+\/\d+)@(?<lsn>[0-9A-F]+\/[0-9A-F]+)$/;

/**
 * Reads the answer to `POSITION`.
 *
 * @param row its row
 * @returns the position. A server that follows by logical replication has a log of its own, in which the writer's
 *   positions mean nothing, so that it includes none
 */
export function readPosition(row: Readonly<Record<string, unknown>>): DataPosition {
  const { follows, lsn, system, timeline } = row;
  if (typeof lsn !== "string" || typeof system !== "string") return { written: "", includes: () => false };
  // A standby of another history, such as that of a writer that was left behind, may be ahead and lack what is new.
  const history = `${system}/${Number(timeline)}`;
  if (follows !== true) return { written: `${history}@${lsn}`, includes: () => false };
  return {
    written: "",
    includes(written) {
      const groups = WRITTEN.exec(written)?.groups;
      return groups?.history === history && parseLsn(groups.lsn ?? "") <= parseLsn(lsn);
    },
  };
}

/** `16/B374D848`: two halves in hexadecimal digits. */
function parseLsn(text: string): bigint {
  const [high = "", low = ""] = text.split("/");
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
