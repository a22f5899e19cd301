import { EventEmitter } from "node:events";
import type { Route } from "@evenkeel/contracts/route";
import type { SdkConfig, SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { parseConfig } from "../config/parse-config.ts";
import { ConfigError } from "../errors.ts";
import { createReaders, type Readers, wantsReaders } from "../routing/create-readers.ts";
import { observeSource } from "../telemetry/observe-source.ts";
import { createSides, type SideRequest, type WarmSide } from "./create-sides.ts";
import type { Side } from "./side.ts";
import type { SourceEvents } from "./source-events.ts";
import type { SourceOptions } from "./source-options.ts";
import { createSwitchboard, type Switchboard } from "./switchboard.ts";
import { followRemotely, type RouteUse, useLocally } from "./use-route.ts";

/** What every data source offers beside its driver's own interface. */
export interface RoutedSource {
  on<K extends keyof SourceEvents>(event: K, listener: (...args: SourceEvents[K]) => void): void;
  off<K extends keyof SourceEvents>(event: K, listener: (...args: SourceEvents[K]) => void): void;
  /** @returns the route that is followed, or null if none is known (or the source is local) */
  route(): Route | null;
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

/**
 * Opens what all data sources have in common: configuration, routes, sides kept warm, events.
 *
 * @param input the configuration, as text or object
 * @param options see `SourceOptions`
 * @param createSide makes the connections of one data centre
 * @param spreadsReads whether the driver's interface uses the readers
 * @returns the source, after the first route is known or its hold is over
 * @throws ConfigError if the configuration is not valid
 */
export async function openSource<S extends WarmSide>(
  input: string | SdkConfigInput,
  options: SourceOptions,
  createSide: (request: SideRequest) => S,
  spreadsReads = false,
): Promise<OpenedSource<S>> {
  const config = parseConfig(input, options.variables);
  if (!spreadsReads && wantsReaders(config))
    throw new ConfigError([
      "router: single-write-local-read and replicas are served for MySQL, MariaDB and PostgreSQL only; leave them out",
    ]);
  const events = new EventEmitter<SourceEvents>();
  const sides = createSides(config, options, createSide, { events, onReadOnly: () => void board.reread() });
  const readers = createReaders(config, sides);
  const board: Switchboard<S> = createSwitchboard<S>({
    sideOf: sides.sideOf,
    drainMs: options.drainMs ?? DEFAULT_DRAIN_MS,
    ...(readers === null ? {} : { onFollow: readers.follow }),
  });
  const endObserving = observeSource({ config, board, events });
  const endSides = (): void => {
    endObserving();
    board.close();
    sides.close();
  };
  const follow = async (): Promise<RouteUse> =>
    config.etcd === undefined
      ? useLocally(config, board)
      : await followRemotely(config, options, board, events);
  // Without this a certificate that cannot be read would leave connections that are kept warm for nobody.
  const routes = await follow().catch((error: unknown) => {
    endSides();
    throw error;
  });
  const source: RoutedSource = {
    on: (event, listener) => void events.on(event, listener as never),
    off: (event, listener) => void events.off(event, listener as never),
    route: routes.route,
    async close() {
      endSides();
      await routes.end();
    },
  };
  return { config, board, readers, source };
}
