import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import type { PoolSettings, SdkConfigQuery } from "@evenkeel/contracts/pool-settings";
import { PoolSettings as Schema } from "@evenkeel/contracts/pool-settings";
import { CopySettings, RoutingAlgorithm, readsLocally, writesDoubly } from "@evenkeel/contracts/sdk-config";
import { type InputIssue, parseAt, refuseInput } from "../validation.ts";
import type { MonitorRows } from "./rows.ts";

/** How one connected database is used, with what it inherits. */
export type Pool = PoolSettings & { readonly algorithm: RoutingAlgorithm };

/** What is said of a database that has no settings of its own. */
const UNSAID = Schema.parse({});

/**
 * Checks the settings that a monitor has for its connected databases.
 *
 * @param subject the monitor as it would be
 * @param plugin its kind
 * @throws AppError invalid-input
 */
export function checkPools(subject: MonitorRows, plugin: MonitorPlugin): void {
  const { pools } = subject.monitor;
  if (pools.length > 0 && plugin.sdk === undefined)
    throw refuseInput([
      { path: "pools", expected: `must be empty: monitors of kind ${plugin.kind} have no SDK configuration` },
    ]);
  const databases = listDatabases(subject, plugin);
  const issues = pools.flatMap((pool, at): InputIssue[] => [
    ...listNameIssues(pools, at, databases),
    ...(pool.algorithm !== undefined && "algorithm" in plugin.common.shape
      ? [{ path: "algorithm", expected: "is a setting of the monitor itself: set common.algorithm" }]
      : listIssues(completePool(subject, plugin, pool), plugin)
    ).map(({ path, expected }) => ({ path: `pools[${at}].${path}`, expected })),
  ]);
  if (issues.length > 0) throw refuseInput(issues);
}

/**
 * Finds how a connected database is to be used: what is stored, with what a caller wishes on top.
 *
 * @param subject the monitor
 * @param plugin its kind
 * @param wish the caller's; what is left out is as stored
 * @returns the settings
 * @throws AppError invalid-input
 */
export function choosePool(subject: MonitorRows, plugin: MonitorPlugin, wish: SdkConfigQuery): Pool {
  const databases = listDatabases(subject, plugin);
  if (wish.database !== undefined && !databases.includes(wish.database))
    throw refuseInput([{ path: "database", expected: describeDatabases(databases) }]);
  const database = wish.database ?? databases[0] ?? null;
  const stored = subject.monitor.pools.find((pool) => pool.database === database) ?? { ...UNSAID, database };
  const pool = applyWish(completePool(subject, plugin, stored), wish);
  // A kind that has the algorithm among its settings knows best with which of the others it goes.
  if ("algorithm" in plugin.common.shape)
    parseAt(plugin.common, { ...subject.monitor.common, algorithm: pool.algorithm }, "");
  const issues = listIssues(pool, plugin);
  if (issues.length > 0) throw refuseInput(issues);
  return pool;
}

function applyWish(pool: Pool, wish: SdkConfigQuery): Pool {
  const { queue, directory, fsync, overflow, maxEntries, maxBytes, closeWithinMs } = wish;
  const copies = { queue, directory, fsync, overflow, maxEntries, maxBytes, closeWithinMs };
  const said = Object.fromEntries(Object.entries(copies).filter(([, value]) => value !== undefined));
  const { maxStalenessMs = pool.maxStalenessMs } = wish;
  return {
    ...pool,
    algorithm: wish.algorithm ?? pool.algorithm,
    readReplicas: wish.readReplicas === undefined ? pool.readReplicas : wish.readReplicas === "true",
    loadBalance: wish.loadBalance ?? pool.loadBalance,
    maxStalenessMs: maxStalenessMs === "0" ? null : maxStalenessMs,
    holdMs: wish.holdMs ?? pool.holdMs,
    copies:
      Object.keys(said).length === 0 ? pool.copies : parseAt(CopySettings, { ...pool.copies, ...said }, ""),
  };
}

/** A kind that has the algorithm among its settings has it in one place only. */
function completePool({ monitor }: MonitorRows, plugin: MonitorPlugin, pool: PoolSettings): Pool {
  const own = RoutingAlgorithm.safeParse(monitor.common.algorithm).data;
  const inherited = own ?? plugin.sdk?.algorithms[0] ?? "single-read-write";
  return { ...pool, algorithm: pool.algorithm ?? inherited };
}

function listDatabases({ monitor, dataCentres }: MonitorRows, plugin: MonitorPlugin): readonly string[] {
  const [home] = dataCentres;
  return home === undefined ? [] : (plugin.source({ ...monitor.common, ...home.config })?.databases ?? []);
}

function describeDatabases(databases: readonly string[]): string {
  if (databases.length === 0) return "must be left out: this kind has no connected databases";
  return `must be one of the connected databases ${databases.join(", ")}`;
}

function listNameIssues(
  pools: readonly PoolSettings[],
  at: number,
  databases: readonly string[],
): InputIssue[] {
  const name = pools[at]?.database ?? null;
  const path = `pools[${at}].database`;
  const isKnown = name === null ? databases.length === 0 : databases.includes(name);
  if (!isKnown) return [{ path, expected: describeDatabases(databases) }];
  const isFirst = pools.findIndex(({ database }) => database === name) === at;
  return isFirst ? [] : [{ path, expected: "must not be named twice" }];
}

/** What the SDK would refuse, or silently not do, for a kind. */
function listIssues(pool: Pool, { kind, sdk }: MonitorPlugin): InputIssue[] {
  const { algorithm, readReplicas, maxStalenessMs, copies } = pool;
  const algorithms: readonly RoutingAlgorithm[] = sdk?.algorithms ?? [];
  const issues: (InputIssue | false)[] = [
    !algorithms.includes(algorithm) && {
      path: "algorithm",
      expected: `must be one of ${algorithms.join(", ")} for kind ${kind}`,
    },
    readReplicas &&
      sdk?.readsReplicas !== true && {
        path: "readReplicas",
        expected: `must be false: reads of kind ${kind} are not spread over replicas`,
      },
    maxStalenessMs !== null &&
      sdk?.measuresStaleness !== true && {
        path: "maxStalenessMs",
        expected: `must be left out: how old what a server of kind ${kind} shows is cannot be measured`,
      },
    maxStalenessMs !== null &&
      !readReplicas &&
      !readsLocally(algorithm) && {
        path: "maxStalenessMs",
        expected: "goes with readReplicas, or with an algorithm that reads locally",
      },
    copies !== null &&
      !algorithms.some(writesDoubly) && {
        path: "copies",
        expected: `must be left out: writes of kind ${kind} are not copied`,
      },
  ];
  return issues.filter((issue) => issue !== false);
}
