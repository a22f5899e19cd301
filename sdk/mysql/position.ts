import type { DataPosition } from "../routing/data-position.ts";

/** Asks how far a server's data is; every account may, and a server without one of these variables leaves it out. */
export const POSITION =
  "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('gtid_executed', 'gtid_binlog_pos', 'gtid_slave_pos')";

/** What MariaDB calls a GTID: domain, server, number. */
const MARIADB_GTID = /^(\d+)-(\d+)-(\d+)$/;
/** A source of MySQL and the numbers that were executed from it. */
const MYSQL_SOURCE = /^([0-9a-f-]{36}(?::[a-z_][a-z0-9_]{0,31})?)((?::\d+(?:-\d+)?)+)$/i;

/**
 * Reads the answer to `POSITION`.
 *
 * @param rows its rows
 * @returns the position; without a binary log, or without GTIDs, it is unknown
 */
export function readPosition(rows: readonly unknown[]): DataPosition {
  const values = new Map(rows.map((row) => [fieldOf(row, "Variable_name"), fieldOf(row, "Value")]));
  const executed = values.get("gtid_executed");
  if (executed !== undefined && executed !== "") {
    const own = parseExecuted(executed);
    return { written: executed, includes: (written) => hasExecuted(own, parseExecuted(written)) };
  }
  const written = values.get("gtid_binlog_pos") ?? "";
  const applied = [...listGtids(values.get("gtid_slave_pos") ?? ""), ...listGtids(written)];
  return {
    written,
    includes(other) {
      const wanted = listGtids(other);
      // Numbers of two servers in one domain cannot be compared: one of them may have been left behind.
      return wanted.length > 0 && wanted.every((gtid) => applied.some((own) => hasReached(own, gtid)));
    },
  };
}

type Gtid = readonly [stream: string, number: bigint];

function listGtids(text: string): readonly Gtid[] {
  return text.split(",").flatMap((part): Gtid[] => {
    const [, domain, server, number] = MARIADB_GTID.exec(part.trim()) ?? [];
    return number === undefined ? [] : [[`${domain}-${server}`, BigInt(number)]];
  });
}

function hasReached([stream, number]: Gtid, [wantedStream, wantedNumber]: Gtid): boolean {
  return stream === wantedStream && number >= wantedNumber;
}

type Interval = readonly [first: bigint, last: bigint];
type Executed = ReadonlyMap<string, readonly Interval[]>;

/** @returns null for what is no set of GTIDs */
function parseExecuted(text: string): Executed | null {
  const executed = new Map<string, readonly Interval[]>();
  for (const part of text.split(",")) {
    const [, source, numbers] = MYSQL_SOURCE.exec(part.trim()) ?? [];
    if (source === undefined || numbers === undefined) return null;
    const intervals = numbers.slice(1).split(":");
    executed.set(
      source.toLowerCase(),
      intervals.map((interval): Interval => {
        const [first = "0", last = first] = interval.split("-");
        return [BigInt(first), BigInt(last)];
      }),
    );
  }
  return executed;
}

/** The server joins adjacent intervals, so that each wanted one lies within a single one of its own. */
function hasExecuted(own: Executed | null, wanted: Executed | null): boolean {
  if (own === null || wanted === null) return false;
  return [...wanted].every(([source, intervals]) =>
    intervals.every(([first, last]) =>
      (own.get(source) ?? []).some((interval) => interval[0] <= first && last <= interval[1]),
    ),
  );
}

function fieldOf(row: unknown, name: string): string {
  return typeof row === "object" && row !== null ? String(Reflect.get(row, name) ?? "") : "";
}
