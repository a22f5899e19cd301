import type { Disk, DiskFile } from "./disk.ts";
import { listSegments, nameSegment } from "./read-segments.ts";
import type { JournalRecord } from "./segment-format.ts";
import { writeWhole } from "./write-whole.ts";

/** One file. Their ids grow from file to file, but for those of copies of older entries. */
export interface Segment {
  readonly number: number;
  readonly bytes: number;
  /** The greatest id of an entry in it, or before. */
  readonly lastId: number;
}

/** The files of a queue, of which the newest is written to. The oldest are removed as nothing in them counts any more. */
export interface SegmentFiles {
  /** Bytes of all files. */
  readonly bytes: number;
  readonly newest: Segment;
  /** Whether a further file is there to go over to. */
  readonly hasNext: boolean;
  /** Begins anew with one file that holds all that counts, and removes the others. */
  begin(snapshot: Iterable<JournalRecord>): Promise<void>;
  /** Writes to the newest file. @param lastId the greatest id of an entry among it; 0: there is none */
  write(bytes: Buffer, lastId: number): Promise<void>;
  /** Brings what was written onto the disk itself. */
  sync(): Promise<void>;
  /** Makes the next file. Meanwhile the newest is written to as before. */
  prepare(): Promise<void>;
  /** Goes over to the file that was made. @param head what its beginning is to hold, as older files will be gone */
  turn(head: Buffer): Promise<void>;
  /** Tells whether the oldest file holds no entry from an id on. */
  isNeedless(oldestId: number): boolean;
  /** Removes the oldest files, while they have a lower number or hold no entry from an id on. */
  drop(before: number, oldestId: number): Promise<void>;
  close(): Promise<void>;
}

interface FilesState {
  readonly disk: Disk;
  readonly isOrdered: boolean;
  /** Oldest first. */
  segments: Segment[];
  file: DiskFile | null;
  next: { readonly number: number; readonly file: DiskFile; isSafe: boolean } | null;
}

/**
 * Makes the writer of a queue's files. Whenever the process dies or the power fails, what is found afterwards is all that
 * was written up to some moment: a file that holds everything gets its name only when it is whole; one that goes on where
 * another ended is written to when that one is safe; and files are removed one after the other, oldest first.
 *
 * @param disk where they lie
 * @param isOrdered whether what was written first has to be on the disk itself first, too
 */
export function createSegmentFiles(disk: Disk, isOrdered: boolean): SegmentFiles {
  const state: FilesState = { disk, isOrdered, segments: [], file: null, next: null };
  return {
    get bytes() {
      return state.segments.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    get newest() {
      return requireNewest(state).segment;
    },
    get hasNext() {
      return state.next?.isSafe === true;
    },
    begin: (snapshot) => begin(state, snapshot),
    async write(bytes, lastId) {
      const { segment, file } = requireNewest(state);
      await file.write(bytes, segment.bytes);
      const longer = { bytes: segment.bytes + bytes.length, lastId: Math.max(segment.lastId, lastId) };
      state.segments.splice(-1, 1, { ...segment, ...longer });
    },
    sync: async () => await state.file?.sync(),
    async prepare() {
      const number = requireNewest(state).segment.number + 1;
      state.next = { number, file: await disk.create(nameSegment(number)), isSafe: !isOrdered };
      if (isOrdered) await Promise.all([state.file?.sync(), disk.syncNames()]);
      state.next.isSafe = true;
    },
    turn: (head) => turn(state, head),
    isNeedless: (oldestId) => findNeedless(state, 0, oldestId) !== null,
    drop: (before, oldestId) => drop(state, before, oldestId),
    close: () => close(state),
  };
}

function requireNewest({ segments, file }: FilesState): {
  readonly segment: Segment;
  readonly file: DiskFile;
} {
  const segment = segments.at(-1);
  if (segment === undefined || file === null) throw new Error("no file was begun");
  return { segment, file };
}

async function begin(state: FilesState, snapshot: Iterable<JournalRecord>): Promise<void> {
  await close(state);
  const old = await listSegments(state.disk);
  const number = (old.at(-1) ?? 0) + 1;
  const { file, ...whole } = await writeWhole(state.disk, nameSegment(number), snapshot);
  state.file = file;
  state.segments = [{ number, ...whole }];
  for (const one of old) await state.disk.remove(nameSegment(one));
}

/** What follows must not be safe before what stands in the file up to now; most of that was made so by `prepare`. */
async function turn(state: FilesState, head: Buffer): Promise<void> {
  const { segment, file } = requireNewest(state);
  const { next } = state;
  if (next === null) throw new Error("no file was made to go over to");
  if (state.isOrdered) await file.sync();
  await next.file.write(head, 0);
  state.next = null;
  state.file = next.file;
  state.segments.push({ number: next.number, bytes: head.length, lastId: segment.lastId });
  await file.close();
}

/** The oldest file that may go; the newest never may. */
function findNeedless({ segments }: FilesState, before: number, oldestId: number): Segment | null {
  const [first] = segments;
  if (first === undefined || segments.length === 1) return null;
  return first.number < before || first.lastId < oldestId ? first : null;
}

/**
 * A file that is gone while an older one is there would have taken the ends of that one's entries with it: each is gone
 * for good before the next goes. What the heads of the others repeat has to be safe before.
 */
async function drop(state: FilesState, before: number, oldestId: number): Promise<void> {
  const { disk, isOrdered } = state;
  if (isOrdered) await state.file?.sync();
  for (;;) {
    const needless = findNeedless(state, before, oldestId);
    if (needless === null) return;
    await disk.remove(nameSegment(needless.number));
    state.segments = state.segments.filter((one) => one !== needless);
    if (isOrdered) await disk.syncNames();
  }
}

async function close(state: FilesState): Promise<void> {
  const { file, next } = state;
  state.file = null;
  state.next = null;
  await next?.file.close();
  await file?.close();
}
