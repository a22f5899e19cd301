import type { EventEmitter } from "node:events";
import type { SdkConfig, SdkSource } from "@evenkeel/contracts/sdk-config";
import type { Position } from "./judge-switch.ts";
import { keepWarm, type Warmer } from "./keep-warm.ts";
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
  readonly connectTimeoutMs: number;
  /** A connection that was not in use broke. */
  readonly onBroken: () => void;
  /** The server refused a write because it is not the one that writes: the route may be out of date. */
  readonly onReadOnly: () => void;
}

/** A side of which connections can be kept warm. `check` proves one that is not in use, within its own bound. */
export interface WarmSide extends Side {
  check(): Promise<void>;
}

/** The sides of one data source. */
export interface Sides<S> {
  sideOf(position: Position): S | null;
  close(): void;
}

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
  const sides = new Map<string, { side: S; warmer: Warmer }>();
  const open = (dataCentre: string, source: SdkSource, readOnly: boolean): S => {
    let warmer: Warmer | null = null;
    const side = createSide({
      dataCentre,
      source,
      readOnly,
      connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
      onBroken: () => warmer?.hurry(),
      onReadOnly,
    });
    warmer = keepWarm(
      () => side.check(),
      (ready, message) => tellLater(events, "warm", { dataCentre, ready, message }),
    );
    sides.set(keyOf({ dataCentre, writable: !readOnly }), { side, warmer });
    return side;
  };
  for (const [dataCentre, source] of Object.entries(config.sources)) open(dataCentre, source, false);
  return {
    sideOf(position) {
      const source = config.sources[position.dataCentre];
      if (source === undefined) return null;
      return sides.get(keyOf(position))?.side ?? open(position.dataCentre, source, !position.writable);
    },
    close() {
      for (const { side, warmer } of sides.values()) {
        warmer.close();
        side.close();
      }
    },
  };
}

function keyOf(position: Position): string {
  return `${position.dataCentre}/${position.writable ? "read-write" : "read-only"}`;
}
