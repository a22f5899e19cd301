import type { Delivery, Entry } from "./delivery.ts";
import type { Arg } from "./executed.ts";
import type { JournalEntry } from "./replay.ts";
import type { JournalRecord } from "./segment-format.ts";
import type { Term } from "./term.ts";

/** Each byte as one character. */
function bytesAsText(arg: Arg): string {
  return (typeof arg === "string" ? Buffer.from(arg) : arg).toString("latin1");
}

/**
 * Writes an entry down.
 *
 * @param entry the entry
 * @param to the data centres that it is still to be sent to
 */
export function recordEntry(entry: Entry, to: readonly string[]): JournalRecord {
  const { id, atMs, isRepeatable } = entry;
  const commands = entry.commands.map((command) => command.map(bytesAsText));
  return { kind: "entry", id, atMs, isRepeatable, to: [...to], commands };
}

/**
 * Reads the commands of an entry that was written down.
 *
 * @param written the record
 */
export function readCommands(written: JournalEntry): Entry["commands"] {
  return written.commands.map(([name = "", ...args]) => [
    name,
    ...args.map((text) => Buffer.from(text, "latin1")),
  ]);
}

/**
 * Writes a term down.
 *
 * @param term the term
 * @param isNew whether nothing that was written before it may be copied
 */
export function recordTerm({ active, epoch, decision }: Term, isNew: boolean): JournalRecord {
  return { kind: "term", active, epoch, decision, isNew };
}

/**
 * Writes down what is queued, each entry as it is when it is taken: it may take long to take them all.
 *
 * @param queued deliveries by data centre, as they were queued
 * @param isCurrent tells whether an entry may still be copied
 * @returns an entry once, however many data centres it goes to, and which of them must not be sent twice
 */
export function* recordQueued(
  queued: ReadonlyMap<string, readonly Delivery[]>,
  isCurrent: (entry: Entry) => boolean,
): Generator<JournalRecord, void, undefined> {
  const lists = [...queued].map(([name, deliveries]) => ({ name, deliveries, at: 0 }));
  for (;;) {
    const id = Math.min(...lists.map(({ deliveries, at }) => deliveries[at]?.entry.id ?? Infinity));
    if (id === Infinity) return;
    const standing: { name: string; delivery: Delivery }[] = [];
    for (const list of lists) {
      const delivery = list.deliveries[list.at];
      if (delivery?.entry.id !== id) continue;
      list.at += 1;
      if (delivery.state !== "settled" && isCurrent(delivery.entry)) standing.push({ ...list, delivery });
    }
    yield* recordStanding(standing);
  }
}

function* recordStanding(
  standing: readonly { readonly name: string; readonly delivery: Delivery }[],
): Generator<JournalRecord, void, undefined> {
  const [first] = standing;
  if (first === undefined) return;
  const { entry } = first.delivery;
  yield recordEntry(
    entry,
    standing.map(({ name }) => name),
  );
  for (const { name, delivery } of standing) {
    if (delivery.state === "sent" && !entry.isRepeatable) yield { kind: "begun", to: name, ids: [entry.id] };
  }
}
