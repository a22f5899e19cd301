import type { EventEmitter } from "node:events";
import type { SourceEvents } from "./source-events.ts";

/**
 * Tells the listeners in a turn of their own: none can delay a switch, and what one throws is uncaught.
 *
 * @param events who listens
 * @param event what happened
 * @param args its particulars
 */
export function tellLater<K extends keyof SourceEvents>(
  events: EventEmitter<SourceEvents>,
  event: K,
  ...args: SourceEvents[K]
): void {
  setImmediate(() => void events.emit(event, ...(args as never)));
}
