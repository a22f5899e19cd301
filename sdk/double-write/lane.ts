import type { Delivery, Entry } from "./delivery.ts";
import { createDeliveryList, type DeliveryList } from "./delivery-list.ts";

/** What may be queued for one data centre. */
export interface LaneLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** The entries for one data centre, in order for each key; entries without a key in common do not wait for each other. */
export interface Lane {
  readonly size: number;
  readonly bytes: number;
  /** When the oldest was written, ms since 1970; null: the lane is empty. */
  oldestAtMs(): number | null;
  /** The smallest id; null: the lane is empty. */
  oldestId(): number | null;
  /** Tells whether something of so many bytes more fits. */
  fits(entries: number, bytes: number): boolean;
  add(entry: Entry): void;
  /** @returns the next that may be sent, marked as sent; null: none may now */
  take(): Delivery | null;
  /** Takes back what was sent and not applied, before what was not sent yet. */
  putBack(delivery: Delivery): void;
  /** Forgets one, and lets go on what waited for it. */
  settle(delivery: Delivery): void;
  /** Forgets the oldest that was not sent. @returns it; null: all were sent */
  dropOldest(): Delivery | null;
  /** Forgets all that were not sent. @returns how many */
  clear(): number;
  /** All that are not settled, oldest first. */
  deliveries(): readonly Delivery[];
}

interface LaneState {
  readonly order: DeliveryList;
  readonly ready: DeliveryList;
  readonly returned: DeliveryList;
  /** The last delivery that touches a key: who comes next waits for it. */
  readonly lastOf: Map<string, Delivery>;
  size: number;
  bytes: number;
}

/**
 * Makes an empty lane.
 *
 * @param limits of what it holds
 */
export function createLane(limits: LaneLimits): Lane {
  const state: LaneState = {
    ...{ order: createDeliveryList(), ready: createDeliveryList(), returned: createDeliveryList() },
    ...{ lastOf: new Map(), size: 0, bytes: 0 },
  };
  const { order, ready, returned } = state;
  const lane: Lane = {
    get size() {
      return state.size;
    },
    get bytes() {
      return state.bytes;
    },
    oldestAtMs: () => order.find((delivery) => delivery.state !== "settled")?.entry.atMs ?? null,
    oldestId: () => order.find((delivery) => delivery.state !== "settled")?.entry.id ?? null,
    fits: (entries, more) =>
      state.size + entries <= limits.maxEntries && state.bytes + more <= limits.maxBytes,
    add: (entry) => add(state, entry),
    take() {
      const delivery = returned.shift() ?? ready.shift();
      if (delivery !== null) delivery.state = "sent";
      return delivery;
    },
    putBack(delivery) {
      if (delivery.state !== "sent") return;
      delivery.state = "queued";
      returned.push(delivery);
    },
    settle: (delivery) => settle(state, delivery),
    dropOldest() {
      const oldest = order.find((delivery) => delivery.state === "queued");
      if (oldest !== null) settle(state, oldest);
      return oldest;
    },
    clear() {
      let count = 0;
      while (lane.dropOldest() !== null) count += 1;
      return count;
    },
    deliveries: order.standing,
  };
  return lane;
}

function add(state: LaneState, entry: Entry): void {
  const { order, ready, lastOf } = state;
  const blockers = new Set(entry.keys.flatMap((key) => lastOf.get(key) ?? []));
  const delivery: Delivery = { entry, state: "queued", blockers, followers: new Set() };
  for (const earlier of blockers) earlier.followers.add(delivery);
  for (const key of entry.keys) lastOf.set(key, delivery);
  state.size += 1;
  state.bytes += entry.bytes;
  order.push(delivery);
  if (blockers.size === 0) ready.push(delivery);
}

function settle(state: LaneState, delivery: Delivery): void {
  if (delivery.state === "settled") return;
  const { order, ready, lastOf } = state;
  const { entry, blockers, followers } = delivery;
  delivery.state = "settled";
  state.size -= 1;
  state.bytes -= entry.bytes;
  order.noteSettled();
  for (const key of entry.keys) {
    if (lastOf.get(key) !== delivery) continue;
    const earlier = [...blockers].find((blocker) => blocker.entry.keys.includes(key));
    if (earlier === undefined) lastOf.delete(key);
    else lastOf.set(key, earlier);
  }
  // One that is dropped may still wait for others: those who waited for it wait for them instead.
  for (const blocker of blockers) blocker.followers.delete(delivery);
  for (const follower of followers) {
    follower.blockers.delete(delivery);
    for (const blocker of blockers) {
      follower.blockers.add(blocker);
      blocker.followers.add(follower);
    }
    if (follower.blockers.size === 0 && follower.state === "queued") ready.push(follower);
  }
  blockers.clear();
  followers.clear();
}
