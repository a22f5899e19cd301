import { setTimeout as wait } from "node:timers/promises";
import type { CopySettings, SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { ADMIN_USER } from "@evenkeel/lab/engines/engine-handle";
import { useRedis } from "@evenkeel/lab/engines/redis-connection";
import { loadSecrets } from "@evenkeel/lab/engines/secrets";
import type { Redis } from "ioredis";
import { beforeEach, expect } from "vitest";
import { openRedis, type RedisSource } from "../../sdk/open-redis.ts";
import { eventually } from "../eventually.ts";
import type { TwoSites } from "./two-sites.ts";
import { type SitesInUse, useTwoSites } from "./use-two-sites.ts";

/** A server that has not answered for so long does hang. */
const HUNG_MS = 250;

type Site = "dc1" | "dc2";
type Router = SdkConfigInput["router"];
type Settings = Partial<CopySettings>;

/** A configuration that writes doubly, with reads from the active side. */
export function doubly(sites: TwoSites, copies: Settings = {}, more: Partial<Router> = {}): SdkConfigInput {
  const algorithm = "single-read-async-double-write" as const;
  const router = { active: "dc1", algorithm, copies: { closeWithinMs: 0, ...copies }, ...more };
  return { ...sites.config, router };
}

/** How the copies for one data centre stand. */
export function statusOf(source: RedisSource, dataCentre: Site) {
  const status = source.copies?.status().find((each) => each.dataCentre === dataCentre);
  if (status === undefined) throw new Error(`no copies go to ${dataCentre}`);
  return status;
}

/** Which data centres take writes. */
export function flags(first: boolean, second: boolean) {
  return { dc1: { readable: true, writable: first }, dc2: { readable: true, writable: second } };
}

/** Two sites of Redis, and how sources that write doubly are opened over them. */
export interface DoublyWritten extends Pick<SitesInUse, "it" | "keep"> {
  /** The sites; to be asked for within a test. */
  sites(): TwoSites;
  /** Opens a source, which is closed after the test. */
  open(copies?: Settings, more?: Partial<Router>): Promise<RedisSource>;
}

/**
 * Starts two sites for the tests that follow. Each begins with both of them empty, open for writes, and dc1 active.
 *
 * @param portBase first of their hundred ports
 */
export function useDoublyWritten(portBase: number): DoublyWritten {
  let started: TwoSites | null = null;
  const { it, keep } = useTwoSites("redis", portBase, (sites) => {
    started = sites;
  });
  const sites = (): TwoSites => {
    if (started === null) throw new Error("the sites have not started");
    return started;
  };
  beforeEach(async () => {
    // Without the servers every test is skipped.
    if (started === null) return;
    await started.route({ active: "dc1", dataCentres: flags(true, true) });
    await emptyBoth(started);
  });
  return {
    it,
    keep,
    sites,
    open: async (...settings) => keep(await openRedis(doubly(sites(), ...settings), { snapshotFile: false })),
  };
}

/** Collects what a source tells of its copies' divergence. */
export function divergences(source: RedisSource): string[] {
  const told: string[] = [];
  source.on("diverged", ({ dataCentre, reason }) => told.push(`${dataCentre} ${reason}`));
  return told;
}

/** Writes until copies hang: a server answers for a moment after its stop was ordered. */
export async function untilCopiesHang(source: RedisSource, write: () => Promise<unknown>): Promise<void> {
  do {
    await write();
    await wait(HUNG_MS);
  } while (statusOf(source, "dc2").queued === 0);
}

/** Asks one side past the SDK. */
export async function askSide<Result>(
  sites: TwoSites,
  dataCentre: Site,
  ask: (redis: Redis) => Promise<Result>,
): Promise<Result> {
  const { host, port, users } = sites.engine.dataCentres[dataCentre];
  return await useRedis({ host, port, ...users.app }, ask);
}

/**
 * Lets a server bring each write onto the disk before it answers. With the lab's settings one that is killed may have lost
 * what it has answered in the last moment, which nobody can make up for who was told that it was done.
 */
export async function keepAnswered(sites: TwoSites, dataCentre: Site): Promise<void> {
  const { host, port } = sites.engine.dataCentres[dataCentre];
  const password = loadSecrets(sites.directory).passwords["redis-admin"];
  const login = { host, port, user: ADMIN_USER, ...(password === undefined ? {} : { password }) };
  await useRedis(login, async (redis) => {
    await redis.config("SET", "appendfsync", "always");
    // Also after it was started again.
    await redis.config("REWRITE");
  });
}

/** Removes all orders on both sides. */
export async function emptyBoth(sites: TwoSites): Promise<void> {
  for (const dataCentre of ["dc1", "dc2"] as const) {
    await askSide(sites, dataCentre, async (redis) => {
      const keys = await listKeys(redis);
      if (keys.length > 0) await redis.del(...keys);
    });
  }
}

async function listKeys(redis: Redis): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of redis.scanStream({ match: "order:*", count: 1000 })) keys.push(...page);
  return keys.sort();
}

/** All orders of one side: the value and the moment of expiry of each key. */
export async function readAll(sites: TwoSites, dataCentre: Site): Promise<Record<string, unknown>> {
  return await askSide(sites, dataCentre, async (redis) => {
    const all: Record<string, unknown> = {};
    for (const key of await listKeys(redis)) {
      const value = await readValue(redis, key);
      all[key] = { value, expires: Number(await redis.pexpiretime(key)) };
    }
    return all;
  });
}

async function readValue(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  if (type === "string") return (await redis.getBuffer(key))?.toString("latin1");
  if (type === "list") return await redis.lrange(key, 0, -1);
  if (type === "set") return (await redis.smembers(key)).sort();
  if (type === "hash") return Object.entries(await redis.hgetall(key)).sort();
  if (type === "zset") return await redis.zrange(key, "0", "-1", "WITHSCORES");
  return await redis.xrange(key, "-", "+");
}

/** Waits until nothing is queued, and says that both sides hold the same. */
export async function expectEqualSides(sites: TwoSites, source: RedisSource, to: Site): Promise<void> {
  await eventually(() => expect(statusOf(source, to).queued).toBe(0), { timeout: 60_000 });
  const [first, second] = [await readAll(sites, "dc1"), await readAll(sites, "dc2")];
  expect(Object.keys(first).length).toBeGreaterThan(0);
  expect(dropExpiry(second)).toEqual(dropExpiry(first));
  for (const [key, { expires }] of Object.entries(first as Record<string, { expires: number }>)) {
    const there = (second as Record<string, { expires: number }>)[key]?.expires ?? 0;
    // A copy expires by this host's clock when the answer came; how busy the machine was is no matter of ours.
    if (expires < 0) expect(there).toBe(expires);
    else expect(Math.abs(there - expires)).toBeLessThan(60_000);
  }
}

/** What each key holds, without the moment at which it expires. */
export function dropExpiry(all: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(all as Record<string, { value: unknown }>).map(([key, { value }]) => [key, value]),
  );
}
