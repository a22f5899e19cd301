import type { Route } from "@evenkeel/contracts/route";
import { ClosedError, NoRouteError, type SdkError, SwitchedError } from "../errors.ts";
import { judgeLeaving, type Leaving, type Position, positionOf } from "./judge-switch.ts";
import type { Side, Waiting } from "./side.ts";
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
  close(): void;
}

/** What a switchboard is made of. */
export interface SwitchboardRequest<S extends Side> {
  /** Finds or makes the side of a position; null if the configuration has no such data centre. */
  sideOf(position: Position): S | null;
  readonly drainMs: number;
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
  const board: Switchboard<S> = {
    active: null,
    epoch: 0,
    refusal: new NoRouteError(
      "no route is known yet: neither the route store nor a snapshot has told which data centre is active",
    ),
    follow(route) {
      board.epoch = route.epoch;
      const leaving = position === null ? "drain" : judgeLeaving(position, route);
      if (leaving === null) {
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
      const moved = sleepers.wake(old);
      if (from === null) return null;
      return describe({ from, to: position, route, leaving, monotonicMs, busy, moved });
    },
    reread: async () => undefined,
    waitForSwitch: sleepers.add,
    close() {
      const old = board.active;
      board.active = null;
      board.refusal = new ClosedError();
      sleepers.wake(old);
    },
  };
  return board;
}

function leaveSide(side: Side, leaving: Leaving, route: Route, drainMs: number): void {
  const createError = (): SwitchedError => new SwitchedError(side.dataCentre, route.active, route.epoch);
  if (leaving === "abandon") side.abandon(createError);
  else side.drain(createError, drainMs);
}

/** Calls that were not sent yet: some wait at a side for a connection, others for their next try. */
function createSleepers(): {
  add(pauseMs: number, resume: () => void): void;
  wake(old: Side | null): number;
} {
  const sleepers = new Set<Waiting>();
  return {
    add(pauseMs, resume) {
      const sleeper: Waiting = {
        leave() {
          clearTimeout(timer);
          sleepers.delete(sleeper);
          return resume;
        },
      };
      const timer = setTimeout(() => sleeper.leave()(), pauseMs);
      sleepers.add(sleeper);
    },
    // It sends them on in the next turn: those who were rejected are told first, and opening connections for a crowd
    // takes milliseconds.
    wake(old) {
      const resumes = [...(old?.waiting ?? []), ...sleepers].map((waiting) => waiting.leave());
      old?.waiting.clear();
      setImmediate(() => {
        for (const resume of resumes) resume();
      });
      return resumes.length;
    },
  };
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
