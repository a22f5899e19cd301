import { setImmediate as turn } from "node:timers/promises";
import type { Beat, Route } from "@evenkeel/contracts/route";
import { beatPrefix, routeKey } from "@evenkeel/contracts/route";
import { expect, it } from "vitest";
import type { Told } from "../../sdk/route/ask-elsewhere.ts";
import { PATIENCE_MS, SERVING_MS, STARTING_MS } from "../../sdk/route/consult.ts";
import { type FollowPorts, followRoutes } from "../../sdk/route/route-follower.ts";
import { createFakeStore, makeReading } from "./fake-store.ts";
import { makeRoute } from "./make-route.ts";

const KEY = routeKey("inst", "shop", "db");
const START_HOLD_MS = 5000;

const tell = (by: Told["by"], route: Route | null, pending: string[] = []): Told => {
  return { by, told: { v: 1, routes: route === null ? {} : { db: route }, pending } };
};

/** A follower on a clock of its own, beside which somebody answers. */
function start(snapshot: Route | null = null) {
  const store = createFakeStore();
  const timers: { at: number; act: () => void }[] = [];
  const asked: number[] = [];
  const told: number[] = [];
  let now = 0;
  const world = { answer: null as Told | null };
  const ports: FollowPorts = {
    after(ms, act) {
      const timer = { at: now + ms, act };
      timers.push(timer);
      return () => void timers.splice(0, timers.length, ...timers.filter((one) => one !== timer));
    },
    // In the middle, so that the intervals are as they are named.
    random: () => 0.5,
    readSnapshot: async () => ({ ok: true, routes: snapshot === null ? {} : { db: snapshot } }),
    writeSnapshot: async () => undefined,
  };
  const follower = followRoutes(
    {
      ...{ store: store.store, instance: "inst", application: "shop", startHoldMs: START_HOLD_MS },
      snapshot: { path: "", key: "" },
      async askElsewhere() {
        asked.push(now);
        return world.answer;
      },
    },
    ports,
  );
  follower.subscribe({
    onRoute: (_monitor, route) => told.push(route.epoch),
    onConnected: () => undefined,
    onFork: () => undefined,
    onProblem: () => undefined,
  });
  return {
    ...{ store, follower, asked, told, world },
    /** Lets so many milliseconds pass, with everything that is due in them. */
    async pass(ms: number) {
      const end = now + ms;
      for (;;) {
        await turn();
        const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.splice(timers.indexOf(due), 1);
        now = due.at;
        due.act();
      }
      now = end;
    },
  };
}

it("asks beside a store that does not answer at the start, and goes on with what it is told", async () => {
  const { world, pass, follower, told, asked } = start();
  world.answer = tell("agent", makeRoute(4));
  await pass(PATIENCE_MS);
  expect(await follower.ready).toBe("agent");
  expect(told).toEqual([4]);
  expect(asked).toEqual([PATIENCE_MS]);
});

it("asks nobody beside a store that is confirmed in time", async () => {
  const { store, pass, follower, asked } = start();
  const beat: Beat = { v: 1, confirmedBy: "edge", count: 1 };
  store.answer({ [KEY]: JSON.stringify(makeRoute(3)), [`${beatPrefix("inst")}s1`]: JSON.stringify(beat) });
  store.hear().onConnected(true);
  await pass(PATIENCE_MS - 1);
  expect(await follower.ready).toBe("store");
  await pass(60_000);
  expect(asked).toEqual([]);
});

it("[SAFE-1] waits while a change of its routes is held by no store yet, and asks again", async () => {
  const { world, pass, follower, told, asked } = start();
  world.answer = tell("control-plane", null, ["db"]);
  await pass(PATIENCE_MS + STARTING_MS);
  expect(told).toEqual([]);
  world.answer = tell("control-plane", makeRoute(5));
  await pass(STARTING_MS);
  expect(await follower.ready).toBe("control-plane");
  expect(told).toEqual([5]);
  expect(asked).toEqual([PATIENCE_MS, PATIENCE_MS + STARTING_MS, PATIENCE_MS + 2 * STARTING_MS]);
});

it("falls back on its snapshot when nobody knows, and corrects it as soon as somebody does", async () => {
  const { world, pass, follower, told } = start(makeRoute(2));
  await pass(START_HOLD_MS);
  expect(await follower.ready).toBe("snapshot");
  world.answer = tell("agent", makeRoute(6));
  await pass(SERVING_MS["control-plane"]);
  expect(told).toEqual([2, 6]);
});

it("follows a switch that the store of its site cannot tell, for as long as that is away", async () => {
  const { store, world, pass, told, asked } = start();
  world.answer = tell("agent", makeRoute(4));
  await pass(PATIENCE_MS);
  store.hear().onConnected(true);
  await pass(60_000);
  const before = asked.length;
  store.hear().onConnected(false);
  world.answer = tell("agent", makeRoute(5));
  await pass(PATIENCE_MS + 2 * SERVING_MS.agent);
  expect(told).toEqual([4, 5]);
  expect(asked.length - before).toBe(3);
  store.hear().onConnected(true);
  await pass(60_000);
  expect(asked.length - before).toBe(3);
});

it("[SAFE-1] is not led back by somebody who is behind", async () => {
  const { store, world, pass, told } = start();
  store.hear().onReading(makeReading({ [KEY]: JSON.stringify(makeRoute(9)) }));
  world.answer = tell("agent", makeRoute(8));
  await pass(PATIENCE_MS);
  expect(told).toEqual([9]);
});

it("asks nobody after its end", async () => {
  const { follower, pass, asked } = start();
  follower.close();
  await pass(60_000);
  expect(asked).toEqual([]);
});
