/** What the store tells its owner about itself: for logs and metrics, never needed for being correct. */
export type StoreEvent =
  /** An endpoint failed and is avoided for a while. */
  | { readonly type: "endpoint-failed"; readonly endpoint: string; readonly message: string }
  /** An endpoint that had failed answers again. */
  | { readonly type: "endpoint-recovered"; readonly endpoint: string }
  | { readonly type: "logged-in"; readonly endpoint: string }
  /** User and password were given, but the store does not ask for them. */
  | { readonly type: "auth-disabled"; readonly endpoint: string }
  /** A watch goes on at another endpoint. */
  | { readonly type: "watch-moved"; readonly prefix: string; readonly endpoint: string; readonly why: string }
  /** A watch could not resume and read its range anew. */
  | { readonly type: "watch-reread"; readonly prefix: string; readonly why: string }
  /** The poll found changes that the watch had not delivered. */
  | { readonly type: "gap-repaired"; readonly prefix: string; readonly keys: number }
  /** The user may not watch the beats: the watch relies on its poll alone. */
  | { readonly type: "beats-refused"; readonly prefix: string; readonly message: string }
  /** The owner's listener threw: a bug there, which must not end the watch. */
  | { readonly type: "listener-threw"; readonly prefix: string; readonly error: unknown };

/** Receives events; it must not throw. */
export type OnStoreEvent = (event: StoreEvent) => void;
