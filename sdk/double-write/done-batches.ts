import type { Journal } from "./journal.ts";
import type { JournalRecord } from "./segment-format.ts";

/**
 * Answers come many at a time; what they end is written down at once.
 *
 * @param journal where to
 */
export function createDoneBatches(journal: Journal): {
  /** Notes that an entry need not be sent to a data centre any more. */
  add(to: string, id: number): void;
  /** Writes down what was noted and is not yet. */
  flush(): void;
} {
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
