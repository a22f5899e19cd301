import { ClosedError, type SdkError } from "../errors.ts";
import type { Turn } from "./answer-order.ts";
import { CopiesFullError } from "./copy-errors.ts";
import type { Entry } from "./delivery.ts";
import type { Copy } from "./judge-command.ts";
import { destinationsOf, loseBeside, type Site, type Writing } from "./writing.ts";

/** What an entry takes in memory beside its commands, roughly. */
const ENTRY_BYTES = 256;

/** A write that was let in and has not been answered yet. */
export interface Ticket {
  readonly term: object;
  /** The data centre that executes it. */
  readonly active: string | null;
  readonly bytes: number;
  readonly turn: Turn;
}

/**
 * Lets a write in, which is sent in this very turn.
 *
 * @param bytes its size
 * @returns an error where it must not be sent
 */
export function admit(writing: Writing, bytes: number): Ticket | SdkError {
  const { request, keeper, ledger } = writing;
  const active = writing.term?.active ?? null;
  if (writing.isClosing) return new ClosedError();
  if (request.settings.overflow === "refuse-writes") {
    for (const { name, lane } of destinationsOf(writing, active)) {
      const fits = lane.fits(writing.admitted + 1, writing.admittedBytes + bytes + ENTRY_BYTES);
      if (fits && !keeper.isFailing) continue;
      ledger.countRefused(name);
      return new CopiesFullError(name, fits ? "cannot be written to the disk" : "is full");
    }
  }
  writing.admitted += 1;
  writing.admittedBytes += bytes + ENTRY_BYTES;
  return { term: writing.mark, active, bytes: bytes + ENTRY_BYTES, turn: writing.order.enter() };
}

/**
 * Queues the copy of a write that the active side has answered.
 *
 * @param copy what it resulted in; null: nothing
 * @param isCertain false: for some of it nobody knows whether it was executed
 * @returns settles when the copy is as safe as the settings say; null: it is already
 */
export function commit(
  writing: Writing,
  ticket: Ticket,
  copy: Copy | null,
  isCertain: boolean,
): Promise<void> | null {
  return writing.order.answer(ticket.turn, () => queue(writing, ticket, copy, isCertain));
}

function queue(
  writing: Writing,
  ticket: Ticket,
  copy: Copy | null,
  isCertain: boolean,
): Promise<void> | null {
  writing.admitted -= 1;
  writing.admittedBytes -= ticket.bytes;
  if (!isCertain) loseBeside(writing, ticket.active, "uncertain", 1, "a write was sent and not answered");
  if (copy === null) return null;
  if (ticket.term !== writing.mark) {
    // Its copy would come after what the data centre that is active now has taken by itself.
    loseBeside(writing, ticket.active, "discarded", 1, "a write was answered after the switch");
    return null;
  }
  writing.lastId += 1;
  const entry = createEntry(writing, copy, writing.lastId);
  const to = [...destinationsOf(writing, ticket.active)].filter((site) => enqueue(writing, site, entry));
  const written = writing.keeper.noteEntry(
    entry,
    to.map(({ name }) => name),
  );
  for (const { copier } of to) copier.wake();
  return written;
}

/** Makes an entry of the present term. */
export function createEntry({ request, mark }: Writing, { commands, isRepeatable }: Copy, id: number): Entry {
  const keys = [...new Set(request.driver.keysOf(commands))];
  let bytes = ENTRY_BYTES;
  for (const command of commands) for (const arg of command) bytes += Buffer.byteLength(arg);
  return { id, commands, keys, bytes, isRepeatable, atMs: Date.now(), term: mark };
}

/** @returns false if there is no room for it */
function enqueue(writing: Writing, { name, lane }: Site, entry: Entry): boolean {
  const isBounded = writing.request.settings.overflow === "drop-oldest";
  while (isBounded && !lane.fits(1, entry.bytes)) {
    const dropped = lane.dropOldest();
    writing.ledger.lose(name, "dropped", 1, "the queue was full, so that the oldest copies were given up");
    if (dropped === null) return false;
    writing.keeper.noteDone(name, dropped.entry.id);
  }
  lane.add(entry);
  return true;
}
