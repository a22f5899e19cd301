import type { Route } from "@evenkeel/contracts/route";
import { LEASE } from "./judge-switch.ts";
import type { Side } from "./side.ts";
import type { Switchboard } from "./switchboard.ts";

/** Says whether this process may write now, where its route allows writing. */
export interface WriteArbiter {
  mayWrite(): boolean;
  /** Hears of each change. @returns a function that ends it */
  onChange(listener: () => void): () => void;
}

/** The arbiter of `available`: what the route says is all there is, also while the store is away. */
export const ALWAYS: WriteArbiter = { mayWrite: () => true, onChange: () => () => undefined };

/**
 * Takes writing away from a route.
 *
 * @param route the route
 * @returns the same, its active side for reading only
 */
export function withoutWriting(route: Route): Route {
  const flags = { readable: true, ...route.dataCentres[route.active], writable: false };
  const reason = "strict: nobody has confirmed lately that this route is the latest";
  const dataCentres = { ...route.dataCentres, [route.active]: flags };
  return { ...route, dataCentres, decidedBy: LEASE, reason };
}

/** Lets a board follow routes as far as an arbiter allows. */
export interface Arbitrated {
  follow(route: Route): ReturnType<Switchboard<Side>["follow"]>;
  /** Follows the last route again, because the arbiter may say something else. @returns what happened; null: nothing */
  reconsider(): ReturnType<Switchboard<Side>["follow"]>;
}

/**
 * Puts an arbiter between routes and a board. A timer may be late, when the process was busy or stood still; so a pointer
 * to a side that writes is given out only after the arbiter was asked.
 *
 * @param board the board
 * @param arbiter the arbiter
 * @param onLapse hears what happened when that asking has found out that writing is over
 * @returns how to follow
 */
export function arbitrate<S extends Side>(
  board: Switchboard<S>,
  arbiter: WriteArbiter,
  onLapse: (happened: ReturnType<Switchboard<S>["follow"]>) => void,
): Arbitrated {
  let latest: Route | null = null;
  let isMoving = false;
  const reconsider: Arbitrated["reconsider"] = () => {
    if (latest === null) return null;
    isMoving = true;
    const happened = board.follow(arbiter.mayWrite() ? latest : withoutWriting(latest));
    isMoving = false;
    return happened;
  };
  if (arbiter !== ALWAYS) {
    let { active } = board;
    Object.defineProperty(board, "active", {
      configurable: true,
      enumerable: true,
      get(): S | null {
        if (!isMoving && active?.readOnly === false && !arbiter.mayWrite()) onLapse(reconsider());
        return active;
      },
      set(side: S | null) {
        active = side;
      },
    });
  }
  return {
    follow(route) {
      latest = route;
      return reconsider();
    },
    reconsider,
  };
}
