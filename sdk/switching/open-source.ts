import { EventEmitter } from "node:events";
import type { Route } from "@evenkeel/contracts/route";
import type { SdkConfig, SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { decipherConfig } from "../config/decipher-config.ts";
import { parseConfig } from "../config/parse-config.ts";
import { createReaders, type Readers } from "../routing/create-readers.ts";
import { gateStaleReads, type StaleGate } from "../routing/gate-stale-reads.ts";
import { observeSource } from "../telemetry/observe-source.ts";
import { checkDriver } from "./check-driver.ts";
import type { Companion, SourceParts } from "./companion.ts";
import { createSides, type SideRequest, type WarmSide } from "./create-sides.ts";
import type { Side } from "./side.ts";
import type { SourceEvents } from "./source-events.ts";
import type { SourceOptions } from "./source-options.ts";
import { createSwitchboard, type Switchboard } from "./switchboard.ts";
import { tellLater } from "./tell-later.ts";
import { repeatWork } from "./try-again.ts";
import { followRemotely, type RouteUse, useLocally } from "./use-route.ts";

/** What every data source offers beside its driver's own interface. */
export interface RoutedSource {
  on<K extends keyof SourceEvents>(event: K, listener: (...args: SourceEvents[K]) => void): void;
  off<K extends keyof SourceEvents>(event: K, listener: (...args: SourceEvents[K]) => void): void;
  /** @returns the route that is followed, or null if none is known (or the source is local) */
  route(): Route | null;
  /**
   * Does work that may be done twice without harm, such as a transaction that looks first: when a switch or a lost
   * connection has ended it, it is done again from its beginning, as often and after such a delay as the configuration's
   * `router.retry` says. Any other error, and the last one, is the work's own.
   *
   * @param work the work; it takes what it needs from this source each time
   * @returns what the work gave
   */
  repeat<T>(work: () => Promise<T>): Promise<T>;
  /** Ends connections, watches and timers. */
  close(): Promise<void>;
}

const DEFAULT_DRAIN_MS = 5000;

/** A source under construction: the driver builds its interface over `board`. */
export interface OpenedSource<S extends Side> {
  readonly config: SdkConfig;
  readonly board: Switchboard<S>;
  /** Where reads may go besides; null: nowhere. */
  readonly readers: Readers<S> | null;
  readonly source: RoutedSource;
}

/** What a driver is to the source around it. */
export interface SourceDriver<S extends WarmSide> {
  /** Makes the connections of one data centre. */
  createSide(request: SideRequest): S;
  /** Says of an error whether the server could not be reached, so that another try makes sense. */
  isAway(error: Error): boolean;
  /** Whether the driver's interface uses the readers. */
  readonly spreadsReads?: boolean;
  /** @returns what of a configuration it cannot serve, each by its path; absent: any `mode` of a source */
  listProblems?(config: SdkConfig): readonly string[];
  /** Makes what the driver has beside its connections; null: nothing for this configuration. */
  createCompanion?(parts: SourceParts<S>): Promise<Companion | null>;
}

/**
 * Opens what all data sources have in common: configuration, routes, sides kept warm, events.
 *
 * @param input the configuration, as text or object
 * @param options see `SourceOptions`
 * @param driver makes connections and knows its errors
 * @returns the source, after the first route is known or its hold is over
 * @throws ConfigError if the configuration is not valid
 */
export async function openSource<S extends WarmSide>(
  input: string | SdkConfigInput,
  options: SourceOptions,
  driver: SourceDriver<S>,
): Promise<OpenedSource<S>> {
  const config = await decipherConfig(parseConfig(input, options.variables), options.decipher);
  checkDriver(config, driver);
  const events = new EventEmitter<SourceEvents>();
  const sides = createSides(config, options, driver.createSide, {
    events,
    onReadOnly: () => void board.reread(),
  });
  const readers = createReaders(config, sides, createGate<S>(config, events));
  const beside: { companion: Companion | null } = { companion: null };
  const board: Switchboard<S> = createSwitchboard<S>({
    sideOf: sides.sideOf,
    drainMs: options.drainMs ?? DEFAULT_DRAIN_MS,
    holdMs: config.router.holdMs,
    onFollow(route, left) {
      readers?.follow(route, left);
      beside.companion?.follow(route);
    },
  });
  const endObserving = observeSource({ config, board, events });
  const endSides = (): void => {
    endObserving();
    board.close();
    readers?.close();
    sides.close();
  };
  const isReady = (dataCentre: string): boolean => beside.companion?.isReady(dataCentre) ?? true;
  const follow = async (): Promise<RouteUse> => {
    beside.companion = (await driver.createCompanion?.({ config, board, sides, events })) ?? null;
    return config.etcd === undefined
      ? useLocally(config, board)
      : await followRemotely(config, options, { board, events, busy: sides.busy, isReady });
  };
  // Without this a certificate that cannot be read would leave connections that are kept warm for nobody.
  const routes = await follow().catch(async (error: unknown) => {
    await beside.companion?.close();
    endSides();
    throw error;
  });
  beside.companion?.begin(routes);
  const source: RoutedSource = {
    ...listenTo(events),
    route: routes.route,
    repeat: (work) => repeatWork({ board, retry: config.router.retry }, work, driver.isAway),
    async close() {
      await beside.companion?.close();
      endSides();
      await routes.end();
    },
  };
  return { config, board, readers, source };
}

function listenTo(events: EventEmitter<SourceEvents>): Pick<RoutedSource, "on" | "off"> {
  return {
    on: (event, listener) => void events.on(event, listener as never),
    off: (event, listener) => void events.off(event, listener as never),
  };
}

function createGate<S extends WarmSide>(
  { router: { maxStalenessMs } }: SdkConfig,
  events: EventEmitter<SourceEvents>,
): StaleGate<S> | null {
  const onProblem = (message: string): void => tellLater(events, "problem", { message });
  return maxStalenessMs === undefined ? null : gateStaleReads<S>({ maxStalenessMs, onProblem });
}
