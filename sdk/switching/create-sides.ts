import type { EventEmitter } from "node:events";
import type { SdkConfig, SdkReplica, SdkSource } from "@evenkeel/contracts/sdk-config";
import { NotReadableError } from "../errors.ts";
import type { DataPosition } from "../routing/data-position.ts";
import type { Position } from "./judge-switch.ts";
import { CHECK_EVERY_MS, CHECK_READER_EVERY_MS, keepWarm, type Warmer } from "./keep-warm.ts";
import type { Side } from "./side.ts";
import type { SourceEvents } from "./source-events.ts";
import type { SourceOptions } from "./source-options.ts";
import { tellLater } from "./tell-later.ts";

const DEFAULT_CONNECT_TIMEOUT_MS = 3000;

/** How a driver makes a side. */
export interface SideRequest {
  readonly dataCentre: string;
  readonly source: SdkSource;
  readonly readOnly: boolean;
  /** Reads are spread over it, so that it has to prove itself while it is in use too: no route tells that it hangs. */
  readonly isReader: boolean;
  readonly connectTimeoutMs: number;
  /** A connection that was not in use broke. */
  readonly onBroken: () => void;
  /** The server refused a write because it is not the one that writes: the route may be out of date. */
  readonly onReadOnly: () => void;
}

/** A side of which connections can be kept warm. `check` proves one that is not in use, within its own bound. */
export interface WarmSide extends Side {
  check(): Promise<void>;
  /** Asks how far the server's data is, within the same bound; absent where an engine's reads are never spread. */
  readonly position?: () => Promise<DataPosition>;
}

/** A side that reads are sent to. */
export interface Reader<S> {
  readonly side: S;
  /** @returns whether it has proved itself lately */
  isReady(): boolean;
}

/** The sides of one data source. */
export interface Sides<S> {
  sideOf(position: Position): S | null;
  /**
   * Opens, or finds, a side for reads only.
   *
   * @param dataCentre a data centre that is configured
   * @param replica one of its replicas; null: its server itself
   */
  reader(dataCentre: string, replica: SdkReplica | null): Reader<S> | null;
  /** @returns number of connections that are in use, on whatever side */
  busy(): number;
  close(): void;
}

interface Opened<S> extends Reader<S> {
  readonly warmer: Warmer;
}

type SideKind = Pick<SideRequest, "readOnly" | "isReader">;

/**
 * Opens the sides for writing and keeps them warm; one for reading only is opened when a route asks for it.
 *
 * @param config the sources
 * @param options time-outs
 * @param createSide the driver's part
 * @param listeners who hears whether sides are warm, and where to tell that the route may be out of date
 * @returns the sides
 */
export function createSides<S extends WarmSide>(
  config: SdkConfig,
  options: SourceOptions,
  createSide: (request: SideRequest) => S,
  { events, onReadOnly }: { events: EventEmitter<SourceEvents>; onReadOnly: () => void },
): Sides<S> {
  const sides = new Map<string, Opened<S>>();
  const open = (key: string, dataCentre: string, source: SdkSource, kind: SideKind): Opened<S> => {
    const connectTimeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    const opened = openSide(
      createSide,
      { dataCentre, source, ...kind, connectTimeoutMs, onReadOnly },
      events,
    );
    sides.set(key, opened);
    return opened;
  };
  for (const [dataCentre, source] of Object.entries(config.sources))
    open(keyOf({ dataCentre, writable: true }), dataCentre, source, { readOnly: false, isReader: false });
  return {
    sideOf(position) {
      const { dataCentre, writable } = position;
      const source = config.sources[dataCentre];
      if (source === undefined) return null;
      const key = keyOf(position);
      const kind = { readOnly: !writable, isReader: false };
      return (sides.get(key) ?? open(key, dataCentre, source, kind)).side;
    },
    reader(dataCentre, replica) {
      const source = config.sources[dataCentre];
      if (source === undefined) return null;
      const server = replica === null ? source : describeReplica(source, replica);
      const key = `${dataCentre}/reader/${server.host}:${server.port}`;
      return sides.get(key) ?? open(key, dataCentre, server, { readOnly: true, isReader: true });
    },
    busy: () => [...sides.values()].reduce((sum, { side }) => sum + side.busy(), 0),
    close() {
      for (const { side, warmer } of sides.values()) {
        warmer.close();
        side.close();
      }
    },
  };
}

function openSide<S extends WarmSide>(
  createSide: (request: SideRequest) => S,
  request: Omit<SideRequest, "onBroken">,
  events: EventEmitter<SourceEvents>,
): Opened<S> {
  const { dataCentre, isReader } = request;
  let warmer: Warmer | null = null;
  let isReady = false;
  const side = createSide({ ...request, onBroken: () => warmer?.hurry() });
  warmer = keepWarm(
    () => side.check(),
    isReader ? CHECK_READER_EVERY_MS : CHECK_EVERY_MS,
    (ready, message) => {
      isReady = ready;
      // No route will ever tell the callers of a replica that it hangs.
      if (isReader && !ready) side.abandon(() => new NotReadableError(message));
      if (!isReader) tellLater(events, "warm", { dataCentre, ready, message });
    },
  );
  return { side, warmer, isReady: () => isReady };
}

/** A replica is one server, whoever names the one that it follows. */
function describeReplica(
  { mode: _mode, addresses: _addresses, ...own }: SdkSource,
  replica: SdkReplica,
): SdkSource {
  return { ...own, ...replica };
}

function keyOf(position: Position): string {
  return `${position.dataCentre}/${position.writable ? "read-write" : "read-only"}`;
}
