import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { DataCentre } from "@evenkeel/lab/engines/engine-handle";
import { startEtcd } from "@evenkeel/lab/engines/etcd";
import type { RedisNodeRequest } from "@evenkeel/lab/engines/redis-nodes";
import { labPorts } from "@evenkeel/lab/processes/ports";
import { createSupervisor } from "@evenkeel/lab/processes/supervisor";
import { ensurePrograms, isFound } from "@evenkeel/lab/setup/programs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { openRedis, type RedisSource, type RedisSourceOptions } from "../../sdk/open-redis.ts";
import { eventually } from "../eventually.ts";
import type { SwitchedSites } from "./many-switches.ts";
import type { RedisFamily } from "./redis-families.ts";
import { openRouteDesk, type RouteDesk } from "./route-desk.ts";

/** Longest that servers may take to start, and a test to run. */
const SLOW_MS = 240_000;
/** First port of a lab without an offset. */
const BASE_PORT = 24_000;
/** Keys that are asked for at a time. */
const ASKED_AT_ONCE = 1000;

/** Families of Redis, any of which may stand for a data centre, and a route store. */
export interface RedisSites<Name extends string> {
  readonly families: Readonly<Record<Name, RedisFamily>>;
  readonly desk: RouteDesk;
}

/** Redis families that stand for all tests of a file. */
export interface RedisSitesInUse<Name extends string> {
  /** Is skipped, with the reason, where the programs are missing. */
  it(name: string, run: (sites: RedisSites<Name>) => Promise<void>): void;
  /** Opens a source over two of them; it is closed after the test. */
  open(
    dc1: Name,
    dc2: Name,
    change?: Partial<SdkConfigInput>,
    options?: RedisSourceOptions,
  ): Promise<RedisSource>;
  /** Two of them as those who switch many times want them. */
  switched(dc1: Name, dc2: Name): SwitchedSites;
}

/** The two keys of an order are of one slot: what is written in one transaction belongs together. */
export function keyOf(id: string): string {
  return `order:{${id.slice(0, -2)}}${id.slice(-2)}`;
}

/** @returns sockets of this process */
export const countSockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

/**
 * Starts families of Redis before the tests that follow and ends them afterwards. After each test its sources are closed,
 * which leaves no socket, and all servers run again.
 *
 * @param portBase first of a hundred ports for the route store
 * @param start starts the families
 */
export function useRedisSites<Name extends string>(
  portBase: number,
  start: (request: RedisNodeRequest) => Promise<Record<Name, RedisFamily>>,
): RedisSitesInUse<Name> {
  let sites: RedisSites<Name> | null = null;
  let why = "";
  let end = async (): Promise<void> => undefined;
  const kept: RedisSource[] = [];
  let socketsBefore = 0;
  const familyOf = (name: Name): RedisFamily => {
    if (sites === null) throw new Error("nothing was started");
    return sites.families[name];
  };

  beforeAll(async () => {
    const programs = await ensurePrograms(["etcd", "redis"], () => undefined);
    for (const found of Object.values(programs)) if (!isFound(found)) why = found.missing;
    if (!isFound(programs.etcd) || !isFound(programs.redis)) return;
    const stateDir = mkdtempSync(join(tmpdir(), "evenkeel-sdk-"));
    const made = await createSupervisor(stateDir);
    if (!made.ok) throw new Error(made.message);
    const { supervisor } = made;
    end = async () => {
      await supervisor.end();
      rmSync(stateDir, { recursive: true, force: true });
    };
    const ports = labPorts(portBase - BASE_PORT);
    const etcd = await startEtcd({
      stateDir,
      ports,
      supervisor,
      say: () => undefined,
      program: programs.etcd,
    });
    if (!etcd.ok) throw new Error(etcd.message);
    const families = await start({ stateDir, supervisor, program: programs.redis });
    const desk = await openRouteDesk(etcd.handle);
    sites = { families, desk };
  }, SLOW_MS);
  afterEach(async () => {
    const hasOpened = kept.length > 0;
    for (const source of kept.splice(0)) await source.close();
    if (hasOpened) await eventually(() => expect(countSockets()).toBeLessThanOrEqual(socketsBefore));
    for (const family of Object.values<RedisFamily>(sites?.families ?? {})) {
      family.process.cont();
      await family.process.revive();
    }
  }, SLOW_MS);
  afterAll(async () => {
    sites?.desk.store.close();
    await end();
  }, SLOW_MS);

  return {
    it: (name, run) =>
      test(name, { timeout: SLOW_MS }, async (context) => {
        if (sites === null) return context.skip(why);
        await run(sites);
      }),
    async open(dc1, dc2, change = {}, options = {}) {
      if (sites === null) throw new Error("nothing was started");
      if (kept.length === 0) socketsBefore = countSockets();
      const source = await openRedis(
        {
          ...sites.desk.config,
          sources: { dc1: familyOf(dc1).source, dc2: familyOf(dc2).source },
          router: { active: "dc1", algorithm: "single-read-write" },
          ...change,
        },
        { snapshotFile: false, ...options },
      );
      kept.push(source);
      return source;
    },
    switched(dc1, dc2) {
      if (sites === null) throw new Error("nothing was started");
      const of: Record<DataCentre, RedisFamily> = { dc1: familyOf(dc1), dc2: familyOf(dc2) };
      return {
        route: sites.desk.route,
        engine: { dataCentres: of, holdsOrders: (site, ids) => findOrders(of[site], ids) },
      };
    },
  };
}

async function findOrders(family: RedisFamily, ids: readonly string[]): Promise<ReadonlySet<string>> {
  return await family.use(async (client) => {
    const held = new Set<string>();
    for (let from = 0; from < ids.length; from += ASKED_AT_ONCE) {
      const some = ids.slice(from, from + ASKED_AT_ONCE);
      const found = await Promise.all(some.map((id) => client.exists(keyOf(id))));
      for (const [at, id] of some.entries()) if (found[at] === 1) held.add(id);
    }
    return held;
  });
}
