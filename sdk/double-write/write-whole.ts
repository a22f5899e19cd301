import type { Disk, DiskFile } from "./disk.ts";
import { encodeRecord, type JournalRecord } from "./segment-format.ts";

const DRAFT = "segment.draft";
/** A few large writes are over much sooner than many small ones, and between two of them others have their turn. */
const CHUNK_BYTES = 256 * 1024;

/** Records as they are written, and the greatest id of an entry among them and those before. */
interface Chunk {
  readonly bytes: Buffer;
  readonly lastId: number;
}

/**
 * Writes a file that gets its name only when it is whole and safe.
 *
 * @param disk where to
 * @param name its name
 * @param records what it is to hold
 * @returns the file, which is to be closed, its length, and the greatest id of an entry in it
 * @throws the file system's error
 */
export async function writeWhole(
  disk: Disk,
  name: string,
  records: Iterable<JournalRecord>,
): Promise<{ readonly file: DiskFile; readonly bytes: number; readonly lastId: number }> {
  const file = await disk.create(DRAFT);
  const whole = { file, bytes: 0, lastId: 0 };
  try {
    for (const { bytes, lastId } of encodeInChunks(records, CHUNK_BYTES)) {
      await file.write(bytes, whole.bytes);
      whole.bytes += bytes.length;
      whole.lastId = lastId;
    }
    await file.sync();
    await disk.rename(DRAFT, name);
    await disk.syncNames();
    return whole;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Encodes records, some at a time.
 *
 * @param records they are taken as they are needed
 * @param chunkBytes from this length on a chunk is given out
 */
export function* encodeInChunks(
  records: Iterable<JournalRecord>,
  chunkBytes: number,
): Generator<Chunk, void, undefined> {
  let chunk: Buffer[] = [];
  let length = 0;
  let lastId = 0;
  for (const record of records) {
    const encoded = encodeRecord(record);
    if (record.kind === "entry") lastId = Math.max(lastId, record.id);
    chunk.push(encoded);
    length += encoded.length;
    if (length < chunkBytes) continue;
    yield { bytes: Buffer.concat(chunk), lastId };
    chunk = [];
    length = 0;
  }
  if (length > 0) yield { bytes: Buffer.concat(chunk), lastId };
}
