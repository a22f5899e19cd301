import { describe, expect, it } from "vitest";
import type { Clock } from "../../../agents/clock.ts";
import { alignTurn, createWakes } from "../../../agents/probing/share-wakes.ts";

/** A clock that counts its timers and goes on when told. */
function createHandClock(beginMs: number) {
  const timers = new Set<{ readonly atMs: number; readonly act: () => void }>();
  let nowMs = beginMs;
  let begun = 0;
  const clock = {
    now: () => nowMs,
    after(ms, act) {
      const timer = { atMs: nowMs + ms, act };
      timers.add(timer);
      begun += 1;
      return () => timers.delete(timer);
    },
  } satisfies Pick<Clock, "now" | "after">;
  return {
    clock: clock as unknown as Clock,
    timers,
    begun: () => begun,
    goTo(atMs: number) {
      nowMs = atMs;
      for (const timer of [...timers]) if (timer.atMs <= atMs && timers.delete(timer)) timer.act();
    },
  };
}

describe("what is due at the same moment", () => {
  it("shares one timer, and is done in the order in which it was asked for", () => {
    const hand = createHandClock(1000);
    const wakes = createWakes(hand.clock);
    const done: string[] = [];
    wakes.at(1010, () => done.push("first"));
    wakes.at(1020, () => done.push("later"));
    wakes.at(1010, () => done.push("second"));
    expect(hand.begun()).toBe(2);
    hand.goTo(1010);
    expect(done).toEqual(["first", "second"]);
    hand.goTo(1020);
    expect(done).toEqual(["first", "second", "later"]);
  });

  it("is left to the others if one is cancelled, and needs no timer once all are", () => {
    const hand = createHandClock(0);
    const wakes = createWakes(hand.clock);
    const done: string[] = [];
    const act = () => done.push("one");
    const cancelFirst = wakes.at(10, act);
    const cancelSecond = wakes.at(10, act);
    cancelFirst();
    cancelFirst();
    expect(hand.timers.size).toBe(1);
    cancelSecond();
    expect(hand.timers.size).toBe(0);
    wakes.at(10, act);
    // Who cancels late does not touch what others asked for since.
    cancelSecond();
    hand.goTo(10);
    expect(done).toEqual(["one"]);
  });

  it("may ask for the same moment again while it is being done", () => {
    const hand = createHandClock(0);
    const wakes = createWakes(hand.clock);
    let count = 0;
    const again = () => {
      count += 1;
      if (count < 3) wakes.at(10, again);
    };
    wakes.at(10, again);
    for (let turn = 0; turn < 3; turn += 1) hand.goTo(10);
    expect(count).toBe(3);
    expect(hand.timers.size).toBe(0);
  });

  it("is done at once where the moment is past", () => {
    const hand = createHandClock(500);
    let isDone = false;
    createWakes(hand.clock).at(400, () => {
      isDone = true;
    });
    hand.goTo(500);
    expect(isDone).toBe(true);
  });
});

describe("turns", () => {
  it("fall on multiples of ten milliseconds, and are never moved to the past", () => {
    expect([0, 0.1, 9.99, 10, 1234.5].map(alignTurn)).toEqual([0, 10, 10, 10, 1240]);
  });
});
