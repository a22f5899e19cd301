import type { JournalRecord } from "./segment-format.ts";
import type { Term } from "./term.ts";

/** An entry as it stood in the journal. */
export type JournalEntry = Extract<JournalRecord, { kind: "entry" }>;

/** What an earlier process left behind. */
export interface Replayed {
  /** The term that all entries belong to; null: the journal is empty. */
  readonly term: Term | null;
  /** In the order of their ids, each with the data centres that it is still to be sent to. */
  readonly entries: readonly JournalEntry[];
  /** Entries that must not be sent twice and may have been sent, by data centre. */
  readonly uncertain: ReadonlyMap<string, number>;
  /** For which data centres copies are known to be missing, and why. */
  readonly divergedBy: Readonly<Record<string, readonly string[]>>;
  readonly lastId: number;
}

/**
 * Finds out what was still to be sent.
 *
 * @param records of all files, oldest first
 */
export function replay(records: Iterable<JournalRecord>): Replayed {
  let term: Term | null = null;
  let divergedBy: Readonly<Record<string, readonly string[]>> = {};
  let lastId = 0;
  const open = new Map<number, { entry: JournalEntry; to: Set<string>; begun: Set<string> }>();
  for (const record of records) {
    switch (record.kind) {
      case "term":
        if (record.isNew) open.clear();
        term = { active: record.active, epoch: record.epoch, decision: record.decision };
        break;
      case "diverged":
        divergedBy = record.by;
        break;
      case "entry":
        lastId = Math.max(lastId, record.id);
        // One that was copied behind others may not be followed by what was begun of it.
        open.set(record.id, {
          ...{ entry: record, to: new Set(record.to) },
          begun: open.get(record.id)?.begun ?? new Set(),
        });
        break;
      case "begun":
        for (const id of record.ids) open.get(id)?.begun.add(record.to);
        break;
      case "done":
        for (const id of record.ids) {
          const standing = open.get(id);
          standing?.to.delete(record.to);
          if (standing?.to.size === 0) open.delete(id);
        }
        break;
    }
  }
  const uncertain = new Map<string, number>();
  const inOrder = [...open.values()].sort((left, right) => left.entry.id - right.entry.id);
  const entries = inOrder.flatMap(({ entry, to, begun }) => {
    for (const dataCentre of begun) {
      if (to.delete(dataCentre)) uncertain.set(dataCentre, (uncertain.get(dataCentre) ?? 0) + 1);
    }
    return to.size === 0 ? [] : [{ ...entry, to: [...to] }];
  });
  return { term, entries, uncertain, divergedBy, lastId };
}
