import { crc32 } from "node:zlib";
import { z } from "zod";

/** Before each record stand its length and the CRC-32 of it, four bytes each, little-endian. */
const HEAD_BYTES = 8;
/** A record longer than this is none of ours: Redis takes no argument longer than 512 MiB, and a queue holds far less. */
const RECORD_BYTES_MAX = 1024 * 1024 * 1024;

const Ids = z.array(z.number().int());

/**
 * What a queue on disk consists of, one after the other. Texts hold bytes, one per character, so that any argument of a
 * command can stand in JSON.
 */
export const JournalRecord = z.discriminatedUnion("kind", [
  /** The term in which what follows was written; `isNew`: nothing before it may be copied any more. */
  z.strictObject({
    kind: z.literal("term"),
    active: z.string(),
    epoch: z.number().int(),
    decision: z.string(),
    isNew: z.boolean(),
  }),
  /** For which data centres copies are known to be missing, and why. */
  z.strictObject({ kind: z.literal("diverged"), by: z.record(z.string(), z.array(z.string())) }),
  z.strictObject({
    kind: z.literal("entry"),
    id: z.number().int(),
    atMs: z.number(),
    isRepeatable: z.boolean(),
    to: z.array(z.string()),
    commands: z.array(z.array(z.string()).min(1)),
  }),
  /** These entries are about to be sent; written only for those that must not be sent twice. */
  z.strictObject({ kind: z.literal("begun"), to: z.string(), ids: Ids }),
  /** These entries need not be sent any more. */
  z.strictObject({ kind: z.literal("done"), to: z.string(), ids: Ids }),
]);
/** See above. */
export type JournalRecord = z.infer<typeof JournalRecord>;

/**
 * Writes a record.
 *
 * @param record the record
 * @returns its bytes with their head
 */
export function encodeRecord(record: JournalRecord): Buffer {
  const body = Buffer.from(JSON.stringify(record));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(body.length, 0);
  head.writeUInt32LE(crc32(body), 4);
  return Buffer.concat([head, body]);
}

/**
 * Reads the records of one file up to the first that is not whole: a process that died while writing leaves a torn one.
 *
 * @param bytes the file
 * @returns the records, and how many bytes at the end belong to none
 */
export function decodeRecords(bytes: Buffer): {
  readonly records: readonly JournalRecord[];
  readonly tornBytes: number;
} {
  const records: JournalRecord[] = [];
  let at = 0;
  while (at + HEAD_BYTES <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    const end = at + HEAD_BYTES + length;
    if (length > RECORD_BYTES_MAX || end > bytes.length) break;
    const body = bytes.subarray(at + HEAD_BYTES, end);
    if (crc32(body) !== bytes.readUInt32LE(at + 4)) break;
    const record = parseRecord(body);
    if (record === null) break;
    records.push(record);
    at = end;
  }
  return { records, tornBytes: bytes.length - at };
}

function parseRecord(body: Buffer): JournalRecord | null {
  try {
    const parsed = JournalRecord.safeParse(JSON.parse(body.toString()));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
