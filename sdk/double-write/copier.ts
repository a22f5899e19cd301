import type { Delivery, Entry } from "./delivery.ts";
import type { Lane } from "./lane.ts";

/** Entries that are under way to one data centre at most, and their bytes. */
const UNDER_WAY_MAX = 128;
const UNDER_WAY_BYTES_MAX = 1024 * 1024;
/** Pauses while a data centre cannot take copies. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/** What became of a copy that was to be sent. */
export type CopyOutcome =
  | { readonly kind: "applied" }
  /** It was not sent, or the server answered that it cannot take it now. */
  | { readonly kind: "later" }
  /** It was sent and never answered: it may have been applied. */
  | { readonly kind: "unknown" }
  /** The server will never take it. */
  | { readonly kind: "refused"; readonly message: string };

/** Why a copy is given up. */
export type LossReason =
  /** The server refused it. */
  | "failed"
  /** It was sent, never answered, and repeating it would do harm. */
  | "uncertain"
  /** The queue was full. */
  | "dropped"
  /** The active data centre changed. */
  | "discarded";

/** What sending needs. */
export interface CopierRequest {
  readonly lane: Lane;
  /** Sends one entry; it never rejects. */
  send(entry: Entry): Promise<CopyOutcome>;
  /** Tells whether copies may be sent now; whoever opens it wakes the copier. */
  isOpen(): boolean;
  /** Tells whether the connection stands; it is asked again and again. */
  isReady(): boolean;
  /** Tells whether an entry may still be copied. */
  isValid(entry: Entry): boolean;
  onSent(entry: Entry): void;
  onLost(entry: Entry, reason: LossReason, message: string): void;
}

/** Sends the entries of a lane. */
export interface Copier {
  /** Looks for something to send. */
  wake(): void;
  /** Entries that are under way. */
  underWay(): number;
  close(): void;
}

interface CopierState {
  readonly request: CopierRequest;
  underWay: number;
  bytes: number;
  /** Attempts in a row that did not come to anything. */
  failures: number;
  /** While it runs nothing is sent. */
  pause: NodeJS.Timeout | null;
  closed: boolean;
}

/**
 * Makes the copier of one data centre: as many entries at a time as the limits allow, over one connection, each key's in
 * their order. What was not answered is sent again if that does no harm.
 *
 * @param request the lane, how to send
 */
export function createCopier(request: CopierRequest): Copier {
  const state: CopierState = { request, underWay: 0, bytes: 0, failures: 0, pause: null, closed: false };
  return {
    wake: () => pump(state),
    underWay: () => state.underWay,
    close() {
      state.closed = true;
      if (state.pause !== null) clearTimeout(state.pause);
    },
  };
}

function pump(state: CopierState): void {
  const { request } = state;
  const { lane } = request;
  while (state.pause === null && !state.closed && request.isOpen()) {
    if (lane.size > state.underWay && !request.isReady()) {
      pause(state);
      return;
    }
    const isFull = state.underWay >= UNDER_WAY_MAX || state.bytes >= UNDER_WAY_BYTES_MAX;
    const delivery = isFull ? null : lane.take();
    if (delivery === null) return;
    state.underWay += 1;
    state.bytes += delivery.entry.bytes;
    void request.send(delivery.entry).then((outcome) => {
      if (state.closed) return;
      settle(state, delivery, outcome);
      pump(state);
    });
  }
}

function pause(state: CopierState): void {
  if (state.pause !== null) return;
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(state.failures, 10), LONGEST_PAUSE_MS);
  state.failures += 1;
  state.pause = setTimeout(() => {
    state.pause = null;
    pump(state);
  }, pauseMs);
}

function settle(state: CopierState, delivery: Delivery, outcome: CopyOutcome): void {
  const { request } = state;
  const { entry } = delivery;
  state.underWay -= 1;
  state.bytes -= entry.bytes;
  if (outcome.kind === "applied") state.failures = 0;
  const loss = judgeLoss(request, entry, outcome);
  if (loss === "again") {
    request.lane.putBack(delivery);
    pause(state);
    return;
  }
  request.lane.settle(delivery);
  if (loss === null) request.onSent(entry);
  else request.onLost(entry, loss, outcome.kind === "refused" ? outcome.message : "it was not answered");
}

function judgeLoss(request: CopierRequest, entry: Entry, outcome: CopyOutcome): LossReason | "again" | null {
  if (outcome.kind === "applied") return null;
  if (outcome.kind === "refused") return "failed";
  if (!request.isValid(entry)) return "discarded";
  return outcome.kind === "unknown" && !entry.isRepeatable ? "uncertain" : "again";
}
