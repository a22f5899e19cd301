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
 * Writes down all that is queued.
 *
 * @param queued deliveries by data centre
 * @returns an entry once, however many data centres it goes to, and which of them must not be sent twice
 */
export function* recordQueued(
  queued: ReadonlyMap<string, readonly Delivery[]>,
): Generator<JournalRecord, void, undefined> {
  const entries = new Map<number, { entry: Entry; to: string[]; begun: string[] }>();
  for (const [dataCentre, deliveries] of queued) {
    for (const { entry, state } of deliveries) {
      const standing = entries.get(entry.id) ?? { entry, to: [], begun: [] };
      standing.to.push(dataCentre);
      if (state === "sent" && !entry.isRepeatable) standing.begun.push(dataCentre);
      entries.set(entry.id, standing);
    }
  }
  for (const { entry, to, begun } of [...entries.values()].sort((a, b) => a.entry.id - b.entry.id)) {
    yield recordEntry(entry, to);
    for (const dataCentre of begun) yield { kind: "begun", to: dataCentre, ids: [entry.id] };
  }
}
