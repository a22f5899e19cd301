import type { Route } from "@evenkeel/contracts/route";
import { ClosedError, NoRouteError, type SdkError, SwitchedError } from "../errors.ts";
import { judgeLeaving, type Position, positionOf } from "./judge-switch.ts";
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
  /** Calls back at the next switch, or after a pause, whichever is first. */
  waitForSwitch(pauseMs: number, resume: () => void): void;
  close(): void;
}

/** What a switchboard is made of. */
export interface SwitchboardRequest<S extends Side> {
  /** Finds or makes the side of a position; null if the configuration has no such data centre. */
  sideOf(position: Position): S | null;
  readonly drainMs: number;
}

/**
 * Makes a switchboard that knows no route yet.
 *
 * @param request how to find sides, how long to drain
 * @returns the switchboard
 */
export function createSwitchboard<S extends Side>(request: SwitchboardRequest<S>): Switchboard<S> {
  let position: Position | null = null;
  const sleepers = new Set<Waiting>();
  const board: Switchboard<S> = {
    active: null,
    epoch: 0,
    refusal: new NoRouteError(
      "no route is known yet: neither the route store nor a snapshot has told which data centre is active",
    ),
    follow(route) {
      board.epoch = route.epoch;
      const leaving = position === null ? null : judgeLeaving(position, route);
      if (position !== null && leaving === null) return null;
      const from = position;
      const old = board.active;
      position = positionOf(route);
      board.active = request.sideOf(position);
      if (board.active === null) board.refusal = unknownDataCentre(route.active);
      const monotonicMs = performance.now();
      const leave = leaving ?? "drain";
      const busy = old?.busy() ?? 0;
      if (old !== null && from !== null) {
        const createError = (): SwitchedError =>
          new SwitchedError(from.dataCentre, route.active, route.epoch);
        if (leave === "abandon") old.abandon(createError);
        else old.drain(createError, request.drainMs);
      }
      const moved = wake(old);
      if (from === null) return null;
      return describe({ from, to: position, route, leave, monotonicMs, busy, moved });
    },
    waitForSwitch(pauseMs, resume) {
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
    close() {
      const old = board.active;
      board.active = null;
      board.refusal = new ClosedError();
      wake(old);
    },
  };

  /**
   * Sends on whoever has not been sent yet. It does so in the next turn: those who were rejected are told first, and
   * opening connections for a crowd takes milliseconds. @returns how many
   */
  function wake(old: S | null): number {
    const resumes = [...(old?.waiting ?? []), ...sleepers].map((waiting) => waiting.leave());
    old?.waiting.clear();
    setImmediate(() => {
      for (const resume of resumes) resume();
    });
    return resumes.length;
  }
  return board;
}

function unknownDataCentre(name: string): NoRouteError {
  return new NoRouteError(`the route names ${name}, and the configuration has no source of that name`);
}

interface Happened {
  readonly from: Position;
  readonly to: Position;
  readonly route: Route;
  readonly leave: SwitchedEvent["leaving"];
  readonly monotonicMs: number;
  readonly busy: number;
  readonly moved: number;
}

function describe(happened: Happened): SwitchedEvent {
  const { from, to, route, leave, monotonicMs, busy, moved } = happened;
  return {
    from: from.dataCentre,
    to: to.dataCentre,
    writable: to.writable,
    epoch: route.epoch,
    decision: route.decision,
    decidedBy: route.decidedBy,
    reason: route.reason,
    leaving: leave,
    atMs: performance.timeOrigin + monotonicMs,
    monotonicMs,
    busy,
    moved,
  };
}
