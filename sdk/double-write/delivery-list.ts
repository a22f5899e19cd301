import type { Delivery } from "./delivery.ts";

/** Settled deliveries that stay in the list until it is worth to leave them out. */
const SETTLED_KEPT = 1024;

/** Deliveries in their order. */
export interface DeliveryList {
  push(delivery: Delivery): void;
  /** Takes out the first that is still queued. */
  shift(): Delivery | null;
  /** @returns the first that fits; null: none does */
  find(fits: (delivery: Delivery) => boolean): Delivery | null;
  /** @returns those that are not settled */
  standing(): readonly Delivery[];
  /** One of them was settled. */
  noteSettled(): void;
}

/**
 * Makes a list that is taken from at its beginning, without moving the rest each time.
 */
export function createDeliveryList(): DeliveryList {
  let items: Delivery[] = [];
  let head = 0;
  let settled = 0;
  const trim = (): void => {
    while (items[head]?.state === "settled") head += 1;
    if (head > SETTLED_KEPT && head * 2 > items.length) {
      items = items.slice(head);
      head = 0;
    }
  };
  return {
    push: (delivery) => void items.push(delivery),
    shift() {
      for (;;) {
        trim();
        const first = items[head];
        if (first === undefined) return null;
        head += 1;
        if (first.state === "queued") return first;
      }
    },
    find(fits) {
      trim();
      for (let index = head; index < items.length; index += 1) {
        const item = items[index];
        if (item !== undefined && fits(item)) return item;
      }
      return null;
    },
    standing: () => items.slice(head).filter((item) => item.state !== "settled"),
    noteSettled() {
      settled += 1;
      if (settled <= SETTLED_KEPT || settled * 2 < items.length - head) return;
      items = items.slice(head).filter((item) => item.state !== "settled");
      head = 0;
      settled = 0;
    },
  };
}
