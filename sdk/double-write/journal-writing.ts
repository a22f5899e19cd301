import type { JournalOptions, JournalOwner } from "./journal.ts";
import type { Upkeep } from "./journal-upkeep.ts";
import type { SegmentFiles } from "./segment-files.ts";
import { encodeRecord, type JournalRecord } from "./segment-format.ts";

/** What waits to be written. */
interface Waiting {
  readonly bytes: Buffer;
  readonly records: readonly JournalRecord[];
  readonly done: () => void;
}

/** A journal at work. */
export interface JournalState {
  readonly files: SegmentFiles;
  readonly options: JournalOptions;
  readonly owner: JournalOwner;
  readonly upkeep: Upkeep;
  /** What the present term and the missing copies were when the newest file ended: the next one begins with it. */
  readonly head: Map<JournalRecord["kind"], JournalRecord>;
  waiting: Waiting[];
  writing: Promise<void> | null;
  isFailing: boolean;
  isDirty: boolean;
  /** The directory may belong to another process by now. */
  isClosed: boolean;
}

/**
 * Begins with a file that holds all that counts.
 *
 * @param state the journal
 * @throws the file system's error
 */
export async function begin(state: JournalState): Promise<void> {
  const { files, owner, upkeep } = state;
  function* snapshot(): Generator<JournalRecord, void> {
    const head = [...owner.head()];
    note(state, head);
    yield* head;
    yield* owner.standing.entries();
  }
  await files.begin(snapshot());
  upkeep.begun();
}

/**
 * Appends records; see the journal's interface.
 *
 * @param state the journal
 * @param bytes the records as they are written
 * @param records those of which more than the bytes has to be known
 */
export function append(state: JournalState, bytes: Buffer, records: readonly JournalRecord[]): Promise<void> {
  // What the disk refuses now stands in memory, from where the next attempt takes it.
  if (state.isClosed || (state.isFailing && state.writing === null)) return Promise.resolve();
  const written = new Promise<void>((done) => void state.waiting.push({ bytes, records, done }));
  void write(state);
  // A disk that takes writes again is first given all that stands in memory; nobody waits for that.
  return state.isFailing ? Promise.resolve() : written;
}

/** Notes that the disk refuses. */
export function fail(state: JournalState, error: unknown): void {
  const { owner, options, isFailing } = state;
  state.isFailing = true;
  if (!isFailing)
    owner.onProblem(`the queue of copies cannot be written to ${options.directory}: ${String(error)}`);
}

/** Writes all that waits. @returns settles when nothing waits any more */
export function write(state: JournalState): Promise<void> {
  state.writing ??= writeAll(state);
  return state.writing;
}

async function writeAll(state: JournalState): Promise<void> {
  do {
    const batch = state.waiting;
    state.waiting = [];
    await writeBatch(state, batch).catch((error: unknown) => fail(state, error));
    for (const { done } of batch) done();
  } while (state.waiting.length > 0 && !state.isFailing);
  for (const { done } of state.waiting.splice(0)) done();
  // In the same turn as the last look at what waits: whoever comes next begins anew.
  state.writing = null;
}

async function writeBatch(state: JournalState, batch: readonly Waiting[]): Promise<void> {
  const { files, options, upkeep } = state;
  if (state.isFailing) {
    await upkeep.idle();
    // What a new file begins with may hold this batch already; to read it twice does no harm.
    await begin(state);
    state.isFailing = false;
  } else if (files.hasNext) await files.turn(Buffer.concat([...state.head.values()].map(encodeRecord)));
  const records = batch.flatMap((waiting) => waiting.records);
  const lastId = records.reduce((last, record) => (record.kind === "entry" ? record.id : last), 0);
  await files.write(Buffer.concat(batch.map(({ bytes }) => bytes)), lastId);
  note(state, records);
  state.isDirty = true;
  if (options.fsync === "always") await sync(state);
  upkeep.tend();
}

/** Remembers what every file begins with, as it goes on from the one before. */
function note({ head }: JournalState, records: Iterable<JournalRecord>): void {
  for (const record of records) {
    if (record.kind === "term") head.set("term", { ...record, isNew: false });
    if (record.kind === "diverged") head.set("diverged", record);
  }
}

/** Brings what was written onto the disk itself. @throws the file system's error */
export async function sync(state: JournalState): Promise<void> {
  state.isDirty = false;
  await state.files.sync();
}
