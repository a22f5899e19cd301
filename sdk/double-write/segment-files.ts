import { type FileHandle, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { decodeRecords, encodeRecord, type JournalRecord } from "./segment-format.ts";

/** A file is given up for a new one when it has grown so long, or twice as long as what the new one would begin with. */
const SEGMENT_BYTES = 4 * 1024 * 1024;
const SEGMENT = /^segment-([0-9]{1,15})\.queue$/;
const CHUNK_BYTES = 256 * 1024;
const DRAFT = "segment.draft";
const OWNER_ONLY = 0o600;

/** The files of a queue: those before the newest are needless once the newest stands. */
export interface SegmentFiles {
  /** Whether it is time for a new file. */
  readonly isLong: boolean;
  /** Begins a new file with what still counts, and removes the old ones. */
  begin(snapshot: Iterable<JournalRecord>): Promise<void>;
  write(bytes: Buffer): Promise<void>;
  /** Brings what was written onto the disk itself. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Reads all files of a queue, oldest first.
 *
 * @param directory where they lie
 * @returns their records, and how many files end in a torn one
 * @throws the file system's error
 */
export async function readSegments(
  directory: string,
): Promise<{ readonly records: readonly JournalRecord[]; readonly tornRecords: number }> {
  const records: JournalRecord[] = [];
  let tornRecords = 0;
  for (const number of await listSegments(directory)) {
    const decoded = decodeRecords(await readFile(pathOf(directory, number)));
    for (const record of decoded.records) records.push(record);
    if (decoded.tornBytes > 0) tornRecords += 1;
  }
  return { records, tornRecords };
}

const pathOf = (directory: string, number: number): string => join(directory, `segment-${number}.queue`);

async function listSegments(directory: string): Promise<number[]> {
  const numbers = (await readdir(directory)).map((name) => Number(SEGMENT.exec(name)?.[1] ?? "none"));
  return numbers.filter(Number.isInteger).sort((left, right) => left - right);
}

/**
 * Makes the writer of a queue's files. A new file gets its name only when what it begins with is whole, so that whenever
 * the process dies, either the old files count or the new one.
 *
 * @param directory where they lie
 */
export function createSegmentFiles(directory: string): SegmentFiles {
  let file: FileHandle | null = null;
  let length = 0;
  let lengthMax = SEGMENT_BYTES;
  return {
    get isLong() {
      return length >= lengthMax;
    },
    async begin(snapshot) {
      await file?.close();
      file = null;
      const old = await listSegments(directory);
      const draft = join(directory, DRAFT);
      file = await open(draft, "w", OWNER_ONLY);
      length = 0;
      for (const chunk of encodeInChunks(snapshot)) length += await writeAt(file, length, chunk);
      await file.datasync();
      lengthMax = Math.max(SEGMENT_BYTES, 2 * length);
      await rename(draft, pathOf(directory, (old.at(-1) ?? 0) + 1));
      for (const number of old) await rm(pathOf(directory, number), { force: true });
    },
    async write(bytes) {
      if (file === null) throw new Error("no file was begun");
      length += await writeAt(file, length, bytes);
    },
    async sync() {
      await file?.datasync();
    },
    async close() {
      await file?.close();
      file = null;
    },
  };
}

/** Whoever writes meanwhile waits for the new file: a few large writes are over much sooner than many small ones. */
function* encodeInChunks(records: Iterable<JournalRecord>): Generator<Buffer, void, undefined> {
  let chunk: Buffer[] = [];
  let bytes = 0;
  for (const record of records) {
    const encoded = encodeRecord(record);
    chunk.push(encoded);
    bytes += encoded.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(chunk);
    chunk = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(chunk);
}

/** A write may take only a part; after one that failed, the next begins at the same place. */
async function writeAt(file: FileHandle, position: number, bytes: Buffer): Promise<number> {
  let written = 0;
  while (written < bytes.length) {
    const rest = bytes.length - written;
    const { bytesWritten } = await file.write(bytes, written, rest, position + written);
    written += bytesWritten;
  }
  return written;
}
