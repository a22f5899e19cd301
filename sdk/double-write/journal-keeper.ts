import type { Delivery, Entry } from "./delivery.ts";
import type { Journal } from "./journal.ts";
import type { OpenedJournal } from "./open-journal.ts";
import { readCommands, recordEntry, recordQueued, recordTerm } from "./record-entries.ts";
import type { JournalRecord } from "./segment-format.ts";
import type { Term } from "./term.ts";

/** An entry that an earlier process left. */
export interface LeftEntry extends Pick<Entry, "id" | "commands" | "isRepeatable" | "atMs"> {
  /** The data centres that it is still to be sent to. */
  readonly to: readonly string[];
}

/** What an earlier process left and nobody has taken over yet. */
export interface Left {
  readonly term: Term | null;
  readonly entries: readonly LeftEntry[];
  /** Entries that must not be sent twice and may have been sent, by data centre. */
  readonly uncertain: ReadonlyMap<string, number>;
  readonly tornRecords: number;
}

/** What is written down of a double writer; nothing, where its queue lives in memory only. */
export interface JournalKeeper {
  readonly left: Left | null;
  readonly isFailing: boolean;
  forgetLeft(): void;
  /** @returns settles when the entry is safe; null: there is nothing to wait for */
  noteEntry(entry: Entry, to: readonly string[]): Promise<void> | null;
  noteBegun(to: string, id: number): Promise<void>;
  noteDone(to: string, id: number): void;
  noteTerm(term: Term, isNew: boolean): void;
  noteDiverged(): void;
  close(): Promise<void>;
}

/** Where the keeper finds what has to stand at the beginning of a file. */
export interface KeptState {
  queued(): ReadonlyMap<string, readonly Delivery[]>;
  divergedBy(): readonly (readonly [dataCentre: string, reasons: readonly string[]])[];
  readonly onProblem: (message: string) => void;
}

/** Keeps nothing. */
const NOTHING: JournalKeeper = {
  left: null,
  isFailing: false,
  forgetLeft: () => undefined,
  noteEntry: () => null,
  noteBegun: async () => undefined,
  noteDone: () => undefined,
  noteTerm: () => undefined,
  noteDiverged: () => undefined,
  close: async () => undefined,
};

/**
 * Begins to write down what a double writer does.
 *
 * @param opened the journal; null: nothing is written
 * @param state what a new file begins with
 */
export async function createJournalKeeper(
  opened: OpenedJournal | null,
  state: KeptState,
): Promise<JournalKeeper> {
  if (opened === null) return NOTHING;
  let left: Left | null = {
    ...opened.left,
    tornRecords: opened.tornRecords,
    entries: opened.left.entries.map((entry) => ({ ...entry, commands: readCommands(entry) })),
  };
  let term = opened.left.term;
  const diverged = () => recordDiverged(state);
  function* snapshot(): Generator<JournalRecord, void, undefined> {
    if (term !== null) yield recordTerm(term, true);
    yield diverged();
    if (left === null) yield* recordQueued(state.queued());
    else yield* opened?.left.entries ?? [];
  }
  const journal = await opened.start({ snapshot, onProblem: state.onProblem });
  const done = createDoneBatches(journal);
  return {
    get left() {
      return left;
    },
    get isFailing() {
      return journal.isFailing;
    },
    forgetLeft() {
      left = null;
    },
    noteEntry: (entry, to) => (to.length === 0 ? null : journal.append([recordEntry(entry, to)])),
    noteBegun: (to, id) => journal.append([{ kind: "begun", to, ids: [id] }]),
    noteDone: done.add,
    noteTerm(next, isNew) {
      if (!isNew && next.epoch === term?.epoch) return;
      term = next;
      void journal.append([recordTerm(next, isNew)]);
    },
    noteDiverged: () => void journal.append([diverged()]),
    async close() {
      done.flush();
      await journal.close();
    },
  };
}

function recordDiverged(state: KeptState): JournalRecord {
  const by = state.divergedBy().map(([name, reasons]): [string, string[]] => [name, [...reasons]]);
  return { kind: "diverged", by: Object.fromEntries(by) };
}

/** Answers come many at a time; what they end is written down at once. */
function createDoneBatches(journal: Journal): { add(to: string, id: number): void; flush(): void } {
  let batches = new Map<string, number[]>();
  const flush = (): void => {
    const records = [...batches].map(([to, ids]): JournalRecord => ({ kind: "done", to, ids }));
    batches = new Map();
    if (records.length > 0) void journal.append(records);
  };
  return {
    add(to, id) {
      if (batches.size === 0) setImmediate(flush);
      const ids = batches.get(to);
      if (ids === undefined) batches.set(to, [id]);
      else ids.push(id);
    },
    flush,
  };
}
