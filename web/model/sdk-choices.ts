import type { MonitorUpdate, MonitorView } from "@evenkeel/contracts/api";
import type { KindSdk } from "@evenkeel/contracts/kind-sdk";
import { PoolSettings } from "@evenkeel/contracts/pool-settings";
import {
  type CopySettings,
  RoutingAlgorithm,
  readsLocally,
  writesDoubly,
} from "@evenkeel/contracts/sdk-config";

/** How the SDK uses one connected database, as a person chooses it. */
export interface SdkChoices extends Omit<PoolSettings, "algorithm" | "copies"> {
  readonly algorithm: RoutingAlgorithm;
  /** Null: in memory, as the SDK does by itself. */
  readonly copies: Partial<CopySettings> | null;
}

const UNSAID = PoolSettings.parse({});

/**
 * Reads what is stored of a connected database.
 *
 * @param monitor the monitor
 * @param sdk what its kind is served
 * @param database the database; null: the kind has none
 * @returns the choices
 */
export function readChoices(monitor: MonitorView, sdk: KindSdk, database: string | null): SdkChoices {
  const stored = monitor.pools.find((pool) => pool.database === database) ?? { ...UNSAID, database };
  const own = RoutingAlgorithm.safeParse(monitor.common.algorithm).data;
  return { ...stored, algorithm: stored.algorithm ?? own ?? sdk.algorithms[0] };
}

/**
 * Tells whether reads may go beside the active side, so that it matters how old they are.
 *
 * @param choices what was chosen
 */
export function readsBeside({ algorithm, readReplicas }: SdkChoices): boolean {
  return readReplicas || readsLocally(algorithm);
}

/** For whom the file is. */
export interface SdkReader {
  /** Id of the site that the process runs in; null: not said. */
  readonly site: string | null;
  /** What stands before the names of the data centres' variables; empty: nothing. */
  readonly prefix: string;
}

/** A process that may run anywhere, and opens nothing else. */
export const ANYBODY: SdkReader = { site: null, prefix: "" };

/**
 * Makes a prefix of what was typed.
 *
 * @param typed any text
 * @returns what of it may begin the name of a variable
 */
export function readPrefix(typed: string): string {
  return typed
    .toUpperCase()
    .replaceAll(/[^A-Z0-9_]+/g, "_")
    .replace(/^[0-9_]+/, "");
}

/**
 * Renders the query that hands out what was chosen, whatever is stored.
 *
 * @param choices what was chosen
 * @param reader for whom
 */
export function renderQuery(choices: SdkChoices, { site, prefix }: SdkReader): string {
  const { database, algorithm, readReplicas, loadBalance, holdMs, copies } = choices;
  const maxStalenessMs = readsBeside(choices) ? (choices.maxStalenessMs ?? 0) : 0;
  const said = {
    ...(site === null ? {} : { site }),
    ...(prefix === "" ? {} : { prefix }),
    ...(database === null ? {} : { database }),
    ...{ algorithm, readReplicas, loadBalance, maxStalenessMs, holdMs },
    ...(writesDoubly(algorithm) ? dropEmpty(copies) : {}),
  };
  return new URLSearchParams(
    Object.entries(said).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
}

/**
 * Makes the edit that stores what was chosen. A kind that has the algorithm among the monitor's own settings keeps it there.
 *
 * @param monitor the monitor as it is now
 * @param choices what was chosen
 * @returns the edit
 */
export function renderEdit(monitor: MonitorView, choices: SdkChoices): MonitorUpdate {
  const { algorithm, ...rest } = choices;
  const isOwn = "algorithm" in monitor.common;
  const maxStalenessMs = readsBeside(choices) ? choices.maxStalenessMs : null;
  const copies = rest.copies === null ? null : dropEmpty(rest.copies);
  const pool = PoolSettings.parse({ ...rest, copies, maxStalenessMs, ...(isOwn ? {} : { algorithm }) });
  const others = monitor.pools.filter(({ database }) => database !== choices.database);
  const common = isOwn && monitor.common.algorithm !== algorithm ? { ...monitor.common, algorithm } : null;
  return { pools: [...others, pool], ...(common === null ? {} : { common }) };
}

/** A field that was emptied counts as one that was never filled in. */
function dropEmpty(copies: SdkChoices["copies"]): Partial<CopySettings> {
  return Object.fromEntries(Object.entries(copies ?? {}).filter(([, value]) => value !== ""));
}

/**
 * Tells whether two choices hand out the same.
 *
 * @param one the one
 * @param other the other
 */
export function isSame(one: SdkChoices, other: SdkChoices): boolean {
  return renderQuery(one, ANYBODY) === renderQuery(other, ANYBODY);
}

/**
 * What is still to be filled in before the choices can be handed out.
 *
 * @param choices what was chosen
 * @returns true if the directory of a queue on disk is missing
 */
export function lacksDirectory({ algorithm, copies }: SdkChoices): boolean {
  return writesDoubly(algorithm) && copies?.queue === "disk" && !copies.directory;
}
