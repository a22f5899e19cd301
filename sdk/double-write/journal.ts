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
  /** What has to stand in a file for all that was appended before to be needless. */
  snapshot(): Iterable<JournalRecord>;
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

interface JournalState {
  readonly files: SegmentFiles;
  readonly options: JournalOptions;
  readonly owner: JournalOwner;
  waiting: { readonly bytes: Buffer; readonly done: () => void }[];
  writing: Promise<void> | null;
  isFailing: boolean;
  isDirty: boolean;
  /** The directory may belong to another process by now. */
  isClosed: boolean;
}

/**
 * Makes the journal over files that were begun.
 *
 * @param release gives their directory back
 */
export function createJournal(
  files: SegmentFiles,
  options: JournalOptions,
  owner: JournalOwner,
  release: () => Promise<void>,
): Journal {
  const state: JournalState = {
    ...{
      files,
      options,
      owner,
      waiting: [],
      writing: null,
      isFailing: false,
      isDirty: false,
      isClosed: false,
    },
  };
  const timer = setInterval(() => {
    if (state.isFailing) void write(state);
    else if (options.fsync === "every-second" && state.isDirty && state.writing === null)
      void sync(state).catch((error: unknown) => fail(state, error));
  }, EVERY_MS);
  return {
    get isFailing() {
      return state.isFailing;
    },
    append(records) {
      // What the disk refuses now stands in memory, from where the next attempt takes it.
      if (state.isClosed || (state.isFailing && state.writing === null)) return Promise.resolve();
      return new Promise((done) => {
        state.waiting.push({ bytes: Buffer.concat(records.map(encodeRecord)), done });
        void write(state);
      });
    },
    async close() {
      if (state.isClosed) return;
      state.isClosed = true;
      clearInterval(timer);
      await end(state);
      await release();
    },
  };
}

async function end(state: JournalState): Promise<void> {
  await write(state);
  if (state.options.fsync !== "never") await sync(state).catch((error: unknown) => fail(state, error));
  await state.files.close();
}

function fail(state: JournalState, error: unknown): void {
  const { owner, options, isFailing } = state;
  state.isFailing = true;
  if (!isFailing)
    owner.onProblem(`the queue of copies cannot be written to ${options.directory}: ${String(error)}`);
}

function write(state: JournalState): Promise<void> {
  state.writing ??= writeAll(state);
  return state.writing;
}

async function writeAll(state: JournalState): Promise<void> {
  do {
    const batch = state.waiting;
    state.waiting = [];
    await writeBatch(state, Buffer.concat(batch.map(({ bytes }) => bytes))).catch((error: unknown) =>
      fail(state, error),
    );
    for (const { done } of batch) done();
  } while (state.waiting.length > 0 && !state.isFailing);
  for (const { done } of state.waiting.splice(0)) done();
  // In the same turn as the last look at what waits: whoever comes next begins anew.
  state.writing = null;
}

async function writeBatch(state: JournalState, bytes: Buffer): Promise<void> {
  const { files, options, owner } = state;
  // What a new file begins with may hold these bytes already; to read them twice does no harm.
  if (state.isFailing || files.isLong) await files.begin(owner.snapshot());
  state.isFailing = false;
  await files.write(bytes);
  state.isDirty = true;
  if (options.fsync === "always") await sync(state);
}

async function sync(state: JournalState): Promise<void> {
  state.isDirty = false;
  await state.files.sync();
}
