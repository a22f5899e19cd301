import { createUpkeep, type Standing, UPKEEP_LIMITS, type UpkeepLimits } from "./journal-upkeep.ts";
import { append, begin, fail, type JournalState, sync, write } from "./journal-writing.ts";
import type { SegmentFiles } from "./segment-files.ts";
import { encodeRecord, type JournalRecord } from "./segment-format.ts";

/** Pause between two attempts to write to a disk that refuses, and two times of bringing onto it what was written. */
const EVERY_MS = 1000;

/** How a journal is kept. */
export interface JournalOptions {
  readonly directory: string;
  /** When what was written is brought onto the disk itself: before each answer, each second, or when the system likes. */
  readonly fsync: "always" | "every-second" | "never";
}

/** What the journal needs of whoever keeps it. */
export interface JournalOwner {
  /** What has to stand before the entries in a file for all that was appended before to be needless. */
  head(): Iterable<JournalRecord>;
  readonly standing: Standing;
  onProblem(message: string): void;
}

/** The record of a queue that outlives its process. */
export interface Journal {
  /** Whether the disk refuses what is written: what stands in memory is written anew as soon as it takes it. */
  readonly isFailing: boolean;
  /**
   * Appends records, in the order of the calls.
   *
   * @returns settles when they are with the operating system (with `always`: on the disk), or when the disk refuses them
   */
  append(records: readonly JournalRecord[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Begins a journal with a file that holds all that counts.
 *
 * @param files its files
 * @param options how it is kept
 * @param owner who knows what counts
 * @param limits of the files
 * @throws the file system's error
 */
export async function startJournal(
  files: SegmentFiles,
  options: JournalOptions,
  owner: JournalOwner,
  limits: UpkeepLimits = UPKEEP_LIMITS,
): Promise<Journal> {
  const upkeep = createUpkeep({
    ...{ files, limits, standing: owner.standing },
    append: (bytes) => append(state, bytes, []),
    turn: () => void write(state),
    isOver: () => state.isFailing || state.isClosed,
    onError: (error) => fail(state, error),
  });
  const state: JournalState = {
    ...{ files, options, owner, upkeep, head: new Map(), waiting: [], writing: null },
    ...{ isFailing: false, isDirty: false, isClosed: false },
  };
  await begin(state);
  const timer = setInterval(() => {
    if (state.isFailing) void write(state);
    else if (options.fsync === "every-second" && state.isDirty && state.writing === null)
      void sync(state).catch((error: unknown) => fail(state, error));
    upkeep.tend();
  }, EVERY_MS);
  return {
    get isFailing() {
      return state.isFailing;
    },
    append: (records) => append(state, Buffer.concat(records.map(encodeRecord)), records),
    async close() {
      if (state.isClosed) return;
      state.isClosed = true;
      clearInterval(timer);
      await end(state);
    },
  };
}

async function end(state: JournalState): Promise<void> {
  await state.upkeep.idle();
  await write(state);
  if (state.options.fsync !== "never") await sync(state).catch((error: unknown) => fail(state, error));
  await state.files.close();
}
