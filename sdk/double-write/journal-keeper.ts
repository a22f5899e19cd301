import type { Delivery, Entry } from "./delivery.ts";
import { createDoneBatches } from "./done-batches.ts";
import type { JournalOwner } from "./journal.ts";
import type { OpenedJournal } from "./open-journal.ts";
import { readCommands, recordEntry, recordQueued, recordTerm } from "./record-entries.ts";
import type { JournalEntry } from "./replay.ts";
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
  /** Tells whether an entry may still be copied. */
  isCurrent(entry: Entry): boolean;
  /** The smallest id of an entry that is queued; infinite: there is none. */
  oldestId(): number;
  /** Bytes that are queued for the data centre that has most of them. */
  bytes(): number;
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
  const kept: Kept = {
    left: {
      ...opened.left,
      tornRecords: opened.tornRecords,
      entries: opened.left.entries.map((entry) => ({ ...entry, commands: readCommands(entry) })),
    },
    term: opened.left.term,
  };
  const journal = await opened.start(describeKept(kept, opened.left.entries, state));
  const done = createDoneBatches(journal);
  return {
    get left() {
      return kept.left;
    },
    get isFailing() {
      return journal.isFailing;
    },
    forgetLeft() {
      kept.left = null;
    },
    noteEntry: (entry, to) => (to.length === 0 ? null : journal.append([recordEntry(entry, to)])),
    noteBegun: (to, id) => journal.append([{ kind: "begun", to, ids: [id] }]),
    noteDone: done.add,
    noteTerm(next, isNew) {
      if (!isNew && next.epoch === kept.term?.epoch) return;
      kept.term = next;
      void journal.append([recordTerm(next, isNew)]);
    },
    noteDiverged: () => void journal.append([recordDiverged(state)]),
    async close() {
      done.flush();
      await journal.close();
    },
  };
}

/** What the keeper itself knows of what counts. */
interface Kept {
  left: Left | null;
  term: Term | null;
}

/** Describes what has to stand in the files. */
function describeKept(kept: Kept, entriesLeft: readonly JournalEntry[], state: KeptState): JournalOwner {
  function* head(): Generator<JournalRecord, void, undefined> {
    if (kept.term !== null) yield recordTerm(kept.term, true);
    yield recordDiverged(state);
  }
  function* entries(): Generator<JournalRecord, void, undefined> {
    for (const entry of entriesLeft) {
      // As soon as they are queued with the others, they end there too.
      if (kept.left === null) break;
      yield entry;
    }
    yield* recordQueued(state.queued(), state.isCurrent);
  }
  const oldestId = () => Math.min(kept.left?.entries[0]?.id ?? Infinity, state.oldestId());
  return { head, standing: { entries, oldestId, bytes: state.bytes }, onProblem: state.onProblem };
}

function recordDiverged(state: KeptState): JournalRecord {
  const by = state.divergedBy().map(([name, reasons]): [string, string[]] => [name, [...reasons]]);
  return { kind: "diverged", by: Object.fromEntries(by) };
}
