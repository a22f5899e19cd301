import type { EventEmitter } from "node:events";
import type { Route } from "@evenkeel/contracts/route";
import type { SdkConfig } from "@evenkeel/contracts/sdk-config";
import type { Sides } from "./create-sides.ts";
import type { Side } from "./side.ts";
import type { SourceEvents } from "./source-events.ts";
import type { Switchboard } from "./switchboard.ts";
import type { RouteUse } from "./use-route.ts";

/** What a driver may build its companion of. */
export interface SourceParts<S extends Side> {
  readonly config: SdkConfig;
  readonly board: Switchboard<S>;
  readonly sides: Sides<S>;
  readonly events: EventEmitter<SourceEvents>;
}

/** What a driver has beside its connections, such as copies of its writes. */
export interface Companion {
  /** Hears of each route, in the turn in which it came, after the pointer was swapped. */
  follow(route: Route): void;
  /** Routes are followed. */
  begin(use: Pick<RouteUse, "isConnected">): void;
  /** Whether all that it has to do before a switch to a data centre is done. */
  isReady(dataCentre: string): boolean;
  /** Called while everything still works. */
  close(): Promise<void>;
}
