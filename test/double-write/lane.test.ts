import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Delivery, Entry } from "../../sdk/double-write/delivery.ts";
import { createLane } from "../../sdk/double-write/lane.ts";

const NO_LIMITS = { maxEntries: 1_000_000, maxBytes: 1_000_000 };
const TERM = {};

function entry(id: number, keys: readonly string[]): Entry {
  return { id, commands: [["set"]], keys, bytes: 10, isRepeatable: true, atMs: id, term: TERM };
}

/** What may happen to a lane: an entry comes, or one that is under way ends well or badly, or the oldest is dropped. */
const STEPS = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant("add"),
        keys: fc.uniqueArray(fc.constantFrom(..."abcd"), { minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("take") }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("settle"), at: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("putBack"), at: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("drop") }) },
  ),
  { maxLength: 200 },
);

describe("the entries for one data centre", () => {
  test("are sent in order for each key, never two of one key at a time, and none is forgotten", () => {
    fc.assert(
      fc.property(STEPS, (steps) => {
        const lane = createLane(NO_LIMITS);
        const underWay: Delivery[] = [];
        const open = new Map<number, Entry>();
        let id = 0;
        const take = (): Delivery | null => {
          const delivery = lane.take();
          if (delivery === null) return null;
          for (const key of delivery.entry.keys) {
            const first = [...open.values()].find(({ keys }) => keys.includes(key));
            expect(delivery.entry.id).toBe(first?.id);
          }
          underWay.push(delivery);
          return delivery;
        };
        const end = (at: number, act: (delivery: Delivery) => void): void => {
          const [delivery] = underWay.splice(at % Math.max(1, underWay.length), 1);
          if (delivery !== undefined) act(delivery);
        };
        const settle = (delivery: Delivery): void => {
          open.delete(delivery.entry.id);
          lane.settle(delivery);
        };
        for (const step of steps) {
          if (step.do === "add" && "keys" in step) {
            id += 1;
            const next = entry(id, step.keys);
            open.set(id, next);
            lane.add(next);
          } else if (step.do === "take") take();
          else if (step.do === "settle" && "at" in step) end(step.at, settle);
          else if (step.do === "putBack" && "at" in step) end(step.at, lane.putBack);
          else if (step.do === "drop") {
            const dropped = lane.dropOldest();
            const sent = new Set(underWay.map((delivery) => delivery.entry.id));
            expect(dropped?.entry.id).toBe([...open.keys()].find((each) => !sent.has(each)));
            if (dropped !== null) open.delete(dropped.entry.id);
          }
          expect(lane.size).toBe(open.size);
          expect(lane.bytes).toBe(open.size * 10);
          expect(lane.oldestAtMs()).toBe([...open.keys()][0] ?? null);
        }
        // Whatever happened before, everything that is left goes out.
        while (open.size > 0) {
          while (take() !== null);
          expect(underWay.length).toBeGreaterThan(0);
          for (const delivery of underWay.splice(0)) settle(delivery);
        }
        expect(lane.deliveries()).toEqual([]);
      }),
    );
  });

  test("are no more than the limits allow, neither in number nor in bytes", () => {
    const lane = createLane({ maxEntries: 2, maxBytes: 25 });
    lane.add(entry(1, ["a"]));
    expect(lane.fits(1, 10)).toBe(true);
    expect(lane.fits(2, 10)).toBe(false);
    expect(lane.fits(1, 16)).toBe(false);
    lane.add(entry(2, ["a"]));
    expect(lane.fits(1, 1)).toBe(false);
    expect(lane.clear()).toBe(2);
    expect(lane.fits(2, 25)).toBe(true);
  });

  test("cost the same however many wait: many are added, sent and settled in a short time", () => {
    const lane = createLane(NO_LIMITS);
    for (let id = 1; id <= 50_000; id += 1) lane.add(entry(id, [`k${id % 5000}`]));
    let settled = 0;
    for (let delivery = lane.take(); delivery !== null; delivery = lane.take()) {
      lane.settle(delivery);
      settled += 1;
      lane.oldestAtMs();
    }
    expect(settled).toBe(50_000);
  });
});
