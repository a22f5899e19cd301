import type { Readers } from "../routing/create-readers.ts";
import type { Retry } from "./acquire.ts";
import type { Side } from "./side.ts";
import type { Switchboard } from "./switchboard.ts";

/** What a pool over all data centres is made of. */
export interface RoutedRequest<S extends Side> {
  /** Where calls go. */
  readonly board: Switchboard<S>;
  /** Where reads may go besides; null: nowhere. */
  readonly readers: Readers<S> | null;
  /** How a call that was not sent is tried again. */
  readonly retry: Retry;
  /** What `end()` does: closes the data source. */
  readonly end: () => Promise<void>;
}
