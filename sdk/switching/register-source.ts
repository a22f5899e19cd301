import type { EventEmitter } from "node:events";
import type { SdkConfig } from "@evenkeel/contracts/sdk-config";
import type { Member, Registration } from "../route/register-process.ts";
import type { Side } from "./side.ts";
import type { SourceEvents } from "./source-events.ts";
import type { Switchboard } from "./switchboard.ts";
import { watchDrain } from "./tell-drained.ts";
import { tellLater } from "./tell-later.ts";

/** What follows a route. */
export interface RouteFollowing<S extends Side> {
  readonly board: Switchboard<S>;
  /** Who hears of it. */
  readonly events: EventEmitter<SourceEvents>;
  /** @returns number of connections that are in use, on whatever side */
  readonly busy: () => number;
  /** Whether what stands beside the connections is ready for a switch to a data centre. */
  readonly isReady: (dataCentre: string) => boolean;
}

/**
 * Tells which route a data source follows, and when it is ready for a switch that was announced.
 *
 * @param registration of this process
 * @param config of the source
 * @param following what follows the route
 */
export function registerSource<S extends Side>(
  registration: Registration,
  { props, router: { holdMs } }: SdkConfig,
  { board, events, busy, isReady }: RouteFollowing<S>,
): Pick<Member, "follow" | "leave"> {
  const onProblem = (message: string): void => tellLater(events, "problem", { message });
  const member = registration.join(props.monitorId, { busy, onProblem, holdMs });
  const drain = watchDrain({ active: () => board.active, isReady, onDrained: member.drained });
  return {
    follow(route) {
      member.follow(route);
      if (holdMs > 0) drain.follow(route);
    },
    leave() {
      drain.close();
      member.leave();
    },
  };
}
