import type { Disk } from "./disk.ts";
import { decodeRecords, type JournalRecord } from "./segment-format.ts";

const SEGMENT = /^segment-([0-9]{1,15})\.queue$/;

/** Names a file of a queue. @param number greater than those of the files before it */
export const nameSegment = (number: number): string => `segment-${number}.queue`;

/**
 * Lists the numbers of all files of a queue, oldest first.
 *
 * @param disk where they lie
 */
export async function listSegments(disk: Disk): Promise<number[]> {
  const numbers = (await disk.list()).map((name) => Number(SEGMENT.exec(name)?.[1] ?? "none"));
  return numbers.filter(Number.isInteger).sort((left, right) => left - right);
}

/**
 * Reads all files of a queue, oldest first.
 *
 * @param disk where they lie
 * @returns their records, and how many files end in a torn one
 * @throws the file system's error
 */
export async function readSegments(
  disk: Disk,
): Promise<{ readonly records: readonly JournalRecord[]; readonly tornRecords: number }> {
  const records: JournalRecord[] = [];
  let tornRecords = 0;
  for (const number of await listSegments(disk)) {
    const decoded = decodeRecords(await disk.read(nameSegment(number)));
    for (const record of decoded.records) records.push(record);
    if (decoded.tornBytes > 0) tornRecords += 1;
  }
  return { records, tornRecords };
}
