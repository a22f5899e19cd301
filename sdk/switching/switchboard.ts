import type { Route } from "@evenkeel/contracts/route";
import { ClosedError, NoRouteError, NotWritableError, type SdkError, SwitchedError } from "../errors.ts";
import { createHold, type Hold } from "./hold.ts";
import { judgeLeaving, type Leaving, type Position, positionOf } from "./judge-switch.ts";
import type { Side } from "./side.ts";
import { createSleepers, type Sleepers } from "./sleepers.ts";
import type { SwitchedEvent } from "./source-events.ts";

/** Where calls go now. `active` is the one pointer that a switch swaps; the hot path reads it and nothing else. */
export interface Switchboard<S extends Side> {
  active: S | null;
  /** Epoch of the route that is followed; 0 before the first one. */
  epoch: number;
  /** Why calls are refused while `active` is null. */
  refusal: SdkError;
  /** Follows a route. @returns what happened, or null if the pointer did not move */
  follow(route: Route): SwitchedEvent | null;
  /**
   * Reads the route now: a server refused a write as if it were not the active one. It settles when that is done, and the
   * pointer stands on what was read by then.
   */
  reread(): Promise<void>;
  /** Calls back at the next switch, or after a pause, whichever is first. */
  waitForSwitch(pauseMs: number, resume: () => void): void;
  /** Where new work that may write waits for the end of a planned switch. */
  readonly hold: Hold;
  close(): void;
}

/** What a switchboard is made of. */
export interface SwitchboardRequest<S extends Side> {
  /** Finds or makes the side of a position; null if the configuration has no such data centre. */
  sideOf(position: Position): S | null;
  readonly drainMs: number;
  /** See the configuration's `router.holdMs`; 0 if left out. */
  readonly holdMs?: number;
  /** Hears of each route, in the turn in which it came. @param left what is left by it, and how; null: nothing */
  onFollow?(route: Route, left: { readonly dataCentre: string; readonly leaving: Leaving } | null): void;
}

/**
 * Makes a switchboard that knows no route yet.
 *
 * @param request how to find sides, how long to drain
 * @returns the switchboard
 */
export function createSwitchboard<S extends Side>(request: SwitchboardRequest<S>): Switchboard<S> {
  let position: Position | null = null;
  const sleepers = createSleepers();
  const hold = createHold(request.holdMs ?? 0);
  const board: Switchboard<S> = {
    active: null,
    epoch: 0,
    refusal: noneYet(),
    follow(route) {
      board.epoch = route.epoch;
      hold.follow(position, route);
      const leaving = position === null ? "drain" : judgeLeaving(position, route);
      if (leaving === null) {
        holdWaiting(board, sleepers, route);
        request.onFollow?.(route, null);
        return null;
      }
      const from = position;
      const old = board.active;
      position = positionOf(route);
      board.active = request.sideOf(position);
      if (board.active === null) board.refusal = unknownDataCentre(route.active);
      const monotonicMs = performance.now();
      const busy = old?.busy() ?? 0;
      if (old !== null) leaveSide(old, leaving, route, request.drainMs);
      request.onFollow?.(route, from === null ? null : { dataCentre: from.dataCentre, leaving });
      const held = position.writable ? hold.count() : 0;
      // Who is about to be held lines up before those that come after this route.
      const moved = held + sleepers.wake(old, hold.isOn && leaving === "drain");
      if (from === null) return null;
      return describe({ from, to: position, route, leaving, monotonicMs, busy, moved });
    },
    reread: async () => undefined,
    waitForSwitch: sleepers.add,
    hold,
    close() {
      const old = board.active;
      board.active = null;
      board.refusal = new ClosedError();
      hold.close();
      sleepers.wake(old, false);
    },
  };
  return board;
}

/** Who waits for a connection when a switch is announced has not been sent: it is held like those that come now. */
function holdWaiting({ hold, active }: Switchboard<Side>, sleepers: Sleepers, { announced }: Route): void {
  if (hold.isOn && announced !== undefined) sleepers.wake(active, true);
}

function leaveSide(side: Side, leaving: Leaving, route: Route, drainMs: number): void {
  const createError = (): SdkError =>
    side.dataCentre === route.active && leaving === "abandon"
      ? new NotWritableError(route.reason)
      : new SwitchedError(side.dataCentre, route.active, route.epoch);
  if (leaving === "abandon") side.abandon(createError);
  else side.drain(createError, drainMs);
}

function noneYet(): NoRouteError {
  return new NoRouteError(
    "no route is known yet: neither the route store nor a snapshot has told which data centre is active",
  );
}

function unknownDataCentre(name: string): NoRouteError {
  return new NoRouteError(`the route names ${name}, and the configuration has no source of that name`);
}

interface Happened {
  readonly from: Position;
  readonly to: Position;
  readonly route: Route;
  readonly leaving: Leaving;
  readonly monotonicMs: number;
  readonly busy: number;
  readonly moved: number;
}

function describe(happened: Happened): SwitchedEvent {
  const { from, to, route, leaving, monotonicMs, busy, moved } = happened;
  return {
    from: from.dataCentre,
    to: to.dataCentre,
    writable: to.writable,
    epoch: route.epoch,
    decision: route.decision,
    decidedBy: route.decidedBy,
    reason: route.reason,
    leaving,
    atMs: performance.timeOrigin + monotonicMs,
    monotonicMs,
    busy,
    moved,
  };
}
