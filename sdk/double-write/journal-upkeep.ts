import type { SegmentFiles } from "./segment-files.ts";
import type { JournalRecord } from "./segment-format.ts";
import { encodeInChunks } from "./write-whole.ts";

/** When the files of a queue are followed by others, and what is still needed of them is copied. */
export interface UpkeepLimits {
  /** A file that has grown so long is followed by another. */
  readonly segmentBytes: number;
  /** As long as all files together are shorter nothing is copied. */
  readonly copyFromBytes: number;
  /** Copied at a time; writes wait for no more than this. */
  readonly copyBytes: number;
}

/** Limits of a queue: a file is small enough for the system to write it at once, a copy small beside a write. */
export const UPKEEP_LIMITS: UpkeepLimits = {
  segmentBytes: 4 * 1024 * 1024,
  copyFromBytes: 16 * 1024 * 1024,
  copyBytes: 32 * 1024,
};
/** Files are copied when they are so many times as long as what is queued, and as what was copied the last time. */
const WASTE = 2;

/** What is queued, as whoever keeps the journal knows it. */
export interface Standing {
  /** The entries that are still to be sent, oldest first, each as it is when it is taken. */
  entries(): Iterable<JournalRecord>;
  /** The smallest of their ids; infinite: there are none. */
  oldestId(): number;
  /** Their bytes, roughly, for the data centre that has most of them. */
  bytes(): number;
}

/** What the upkeep works on. */
export interface UpkeepRequest {
  readonly files: SegmentFiles;
  readonly limits: UpkeepLimits;
  readonly standing: Standing;
  /** Appends behind what was appended before. @returns settles when it is written, or when it never will be */
  append(bytes: Buffer): Promise<void>;
  /** Makes the journal go over to the file that was made, also if nobody writes. */
  turn(): void;
  /** True: the files take nothing now, or are closed. */
  isOver(): boolean;
  onError(error: unknown): void;
}

/** Looks after the files while they are written to. */
export interface Upkeep {
  /** Does what there is to do, beside what is written. */
  tend(): void;
  /** The files were begun anew. */
  begun(): void;
  /** Settles when nothing is done to the files; whoever wants that begins nothing before. */
  idle(): Promise<void>;
}

interface UpkeepState {
  readonly request: UpkeepRequest;
  /** What is being done to the files. */
  chore: Promise<void> | null;
  isCopying: boolean;
  copyFromBytes: number;
}

/**
 * Makes the upkeep of a queue's files. Entries mostly end in the order in which they were written, so that the oldest
 * file can go as it is, and nothing is written twice. Where an old entry outlives very many younger ones, what still
 * counts of the old files is copied behind the newest, a little at a time and among what is written meanwhile. Thereby
 * all files together stay around twice what is queued at most, or `copyFromBytes`, and what is written while one is made.
 *
 * @param request what it works on
 */
export function createUpkeep(request: UpkeepRequest): Upkeep {
  const { files, limits } = request;
  const state: UpkeepState = { request, chore: null, isCopying: false, copyFromBytes: limits.copyFromBytes };
  return {
    tend: () => tend(state),
    begun() {
      state.copyFromBytes = Math.max(limits.copyFromBytes, WASTE * files.bytes);
    },
    async idle() {
      await state.chore;
    },
  };
}

function tend(state: UpkeepState): void {
  const { files, limits, standing, turn, isOver } = state.request;
  if (state.chore !== null || isOver()) return;
  const oldestId = standing.oldestId();
  if (files.newest.bytes >= limits.segmentBytes && !files.hasNext) run(state, files.prepare, turn);
  else if (files.isNeedless(oldestId)) run(state, () => drop(state, 0, oldestId));
  else if (isWasteful(state)) void copy(state).catch(state.request.onError);
}

function run(state: UpkeepState, chore: () => Promise<void>, then?: () => void): void {
  const { onError } = state.request;
  state.chore = chore()
    .then(() => {
      state.chore = null;
      then?.();
    })
    .catch((error: unknown) => {
      state.chore = null;
      onError(error);
    });
}

/** What became of the entries that go may still wait to be written: that they are missing somewhere, above all. */
async function drop({ request }: UpkeepState, before: number, oldestId: number): Promise<void> {
  await request.append(Buffer.alloc(0));
  if (!request.isOver()) await request.files.drop(before, oldestId);
}

function isWasteful({ request: { files, standing }, isCopying, copyFromBytes }: UpkeepState): boolean {
  return !isCopying && files.bytes >= copyFromBytes && files.bytes >= WASTE * standing.bytes();
}

/** Copies what still counts of the files before the newest one, and removes them. */
async function copy(state: UpkeepState): Promise<void> {
  const { files, limits, standing, append, isOver } = state.request;
  const { number, lastId } = files.newest;
  state.isCopying = true;
  try {
    let copiedBytes = 0;
    for (const { bytes } of encodeInChunks(takeUntil(standing.entries(), lastId), limits.copyBytes)) {
      copiedBytes += bytes.length;
      await append(bytes);
      if (isOver()) return;
    }
    while (state.chore !== null) await state.chore;
    if (isOver()) return;
    run(state, async () => {
      await drop(state, number, 0);
      state.copyFromBytes = Math.max(limits.copyFromBytes, WASTE * copiedBytes);
    });
  } finally {
    state.isCopying = false;
  }
}

/** What was written since stands in the newest file. */
function* takeUntil(records: Iterable<JournalRecord>, lastId: number): Generator<JournalRecord, void> {
  for (const record of records) {
    if (record.kind === "entry" && record.id > lastId) return;
    yield record;
  }
}
