import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Beat, beatPrefix, type Route, routeKey } from "@evenkeel/contracts/route";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FollowRequest, followRoutes, type RouteFollower } from "../../sdk/route/route-follower.ts";
import { readSnapshot, writeSnapshot } from "../../sdk/route/snapshot.ts";
import { until } from "../route-store/etcd-cluster.ts";
import { createFakeStore, type FakeStore, makeReading } from "./fake-store.ts";
import { makeRoute } from "./make-route.ts";

const KEY = routeKey("inst", "shop", "db");
const beatOf = (confirmedBy: Beat["confirmedBy"], site = "s1") => ({
  [`${beatPrefix("inst")}${site}`]: JSON.stringify({ v: 1, confirmedBy, count: 3 }),
});
const routeAt = (epoch: number) => ({ [KEY]: JSON.stringify(makeRoute(epoch)) });
let directory = "";
let fake: FakeStore;
let follower: RouteFollower | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "evenkeel-follower-"));
  fake = createFakeStore();
});
afterEach(() => {
  follower?.close();
  rmSync(directory, { recursive: true, force: true });
});

function follow(more: Partial<FollowRequest> = {}): { follower: RouteFollower; told: string[] } {
  const request = {
    store: fake.store,
    instance: "inst",
    application: "shop",
    startHoldMs: 60_000,
    snapshot: null,
  };
  const made = followRoutes({ ...request, ...more });
  follower = made;
  const told: string[] = [];
  made.subscribe({
    onRoute: (monitor, route) => told.push(`${monitor} ${route.epoch}`),
    onConnected: (connected) => told.push(connected ? "connected" : "lost"),
    onFork: (monitor) => told.push(`${monitor} forked`),
    onProblem: (message) => told.push(message),
  });
  return { follower: made, told };
}

const put = (route: Route | string, revision: number) => {
  const value = typeof route === "string" ? route : JSON.stringify(route);
  fake.hear().onChanges([{ key: KEY, value, modRevision: revision }]);
};

test("[SAFE-1] routes are followed as they come; older ones, deletions and forks move nothing", async () => {
  fake.answer({ ...routeAt(3), ...beatOf("edge") });
  const { told, follower: made } = follow();
  fake.hear().onReading(makeReading(routeAt(3)));
  expect(await made.ready).toBe("store");
  put(makeRoute(4), 11);
  put(makeRoute(3), 12);
  put(makeRoute(4, "dec-other"), 13);
  fake.hear().onChanges([{ key: KEY, value: null, modRevision: 14 }]);
  expect(told).toEqual(["db 3", "db 4", "db forked"]);
  expect(made.routeOf("db")?.decision).toBe("dec-4");
});

test("something that is no route is told and not followed", () => {
  const { told, follower: made } = follow();
  put('{"v":1,"epoch":"many"}', 11);
  put("not json", 12);
  expect(told).toEqual([`${KEY} holds no valid route`, `${KEY} holds no valid route`]);
  expect(made.routeOf("db")).toBeNull();
});

test("a store that does not answer in time: the snapshot's routes serve, and the store corrects them later", async () => {
  const snapshot = { path: join(directory, "routes.json"), key: "k" };
  await writeSnapshot(snapshot.path, snapshot.key, { db: makeRoute(5) });
  const { told, follower: made } = follow({ startHoldMs: 5, snapshot });
  expect(await made.ready).toBe("snapshot");
  fake.hear().onReading(makeReading({ [KEY]: JSON.stringify(makeRoute(6)) }));
  expect(told).toEqual(["db 5", "db 6"]);
});

test("a confirmed store: the snapshot is not looked at, and written anew", async () => {
  const snapshot = { path: join(directory, "routes.json"), key: "k" };
  await writeSnapshot(snapshot.path, snapshot.key, { db: makeRoute(9) });
  fake.answer({ ...routeAt(2), ...beatOf("peer") });
  const { told, follower: made } = follow({ snapshot });
  fake.hear().onReading(makeReading(routeAt(2)));
  expect(await made.ready).toBe("store");
  put(makeRoute(3), 11);
  put(makeRoute(4), 12);
  expect(told).toEqual(["db 2", "db 3", "db 4"]);
  await until("the last route is in the snapshot", async () => {
    const read = await readSnapshot(snapshot.path, snapshot.key);
    return read.ok && read.routes.db?.epoch === 4;
  });
});

test("a store that is confirmed later than it was read is read again: it was brought up in between", async () => {
  fake.answer({ ...routeAt(2), ...beatOf("none") });
  const { told, follower: made } = follow();
  fake.hear().onReading(makeReading(routeAt(2)));
  fake.answer({ ...routeAt(5), ...beatOf("none"), ...beatOf("edge", "s2") });
  expect(await made.ready).toBe("store");
  expect(told).toEqual(["db 2", "db 5"]);
});

test.each([
  ["says that nobody confirms it", beatOf("none")],
  ["has no beat", {}],
  ["has something that is no beat", { [`${beatPrefix("inst")}s1`]: "edge" }],
])("a store that %s is believed after the hold only, and its routes are unconfirmed", async (_how, beats) => {
  fake.answer({ ...routeAt(2), ...beats });
  const { told, follower: made } = follow({ startHoldMs: 30 });
  fake.hear().onReading(makeReading(routeAt(2)));
  expect(await made.ready).toBe("unconfirmed");
  expect(told).toEqual(["db 2"]);
  expect(made.routeOf("db")?.epoch).toBe(2);
});

test("[SAFE-1] a store that is not confirmed does not outdo a later snapshot, nor overwrite it", async () => {
  const snapshot = { path: join(directory, "routes.json"), key: "k" };
  await writeSnapshot(snapshot.path, snapshot.key, { db: makeRoute(9) });
  const { told, follower: made } = follow({ startHoldMs: 30, snapshot });
  fake.hear().onReading(makeReading(routeAt(2)));
  expect(await made.ready).toBe("snapshot");
  expect(told).toEqual(["db 2", "db 9"]);
  expect(made.routeOf("db")?.epoch).toBe(9);
});

test("neither store nor snapshot: ready says so, and a later route is followed all the same", async () => {
  const { told, follower: made } = follow({ startHoldMs: 5 });
  expect(await made.ready).toBe("nowhere");
  put(makeRoute(1), 11);
  expect(told).toEqual(["db 1"]);
});

test("closing ends the store and settles who waits", async () => {
  const { follower: made } = follow();
  made.close();
  expect(await made.ready).toBe("nowhere");
  expect(fake.closed()).toBe(true);
});

test("a route that is read again is followed at once, and calls at the same time share one reading", async () => {
  fake.answer({ ...routeAt(3), ...beatOf("edge") });
  const { told, follower: made } = follow();
  expect(await made.ready).toBe("store");
  fake.answer(routeAt(5));
  const first = made.reread();
  expect(made.reread()).toBe(first);
  await first;
  expect(made.routeOf("db")?.epoch).toBe(5);
  fake.answer(routeAt(4));
  await made.reread();
  expect(told).toEqual(["db 3", "db 5"]);
});
