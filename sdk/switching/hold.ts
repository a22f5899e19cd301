import type { Route } from "@evenkeel/contracts/route";
import { ClosedError, OverloadedError, type SdkError } from "../errors.ts";
import { judgeHold, type Position } from "./judge-switch.ts";

/** Calls of one data source that may be held at a time; beyond that, holding would only fill the memory. */
export const MAX_HELD = 10_000;

/** Is called once: with null when the call may go on, or with what it is refused with. */
export type Resume = (refusal: SdkError | null) => void;

/** Holds new work that may write while a planned switch is announced, or has closed the active side for writes. */
export interface Hold {
  /** True while such work is to be held: the one field that every call reads. */
  readonly isOn: boolean;
  /** @returns number of calls that are held now */
  count(): number;
  /** Holds a call. @returns a function that takes the call away again, so that its `resume` is never called */
  add(resume: Resume): () => void;
  /** Follows a route. @param from the position so far; null: this is the first route */
  follow(from: Position | null, route: Route): void;
  /** Refuses who is held, and holds nobody any more. */
  close(): void;
}

interface Holding {
  readonly holdMs: number;
  readonly held: Set<Resume>;
  isOn: boolean;
  /** Ends the hold without a switch, or lets the calls go in a turn of their own; whichever is due. */
  timer: NodeJS.Timeout | null;
  flush: NodeJS.Immediate | null;
}

/**
 * Makes a hold. One lasts `holdMs` at most, from the route that announced the switch or closed the active side, and no longer
 * than an announcement says: a side that people keep closed for longer makes its callers wait once, not each time. Who is held goes on in the order in which it came, on whatever
 * side is active then.
 *
 * @param holdMs milliseconds; 0: nothing is ever held
 * @returns the hold
 */
export function createHold(holdMs: number): Hold {
  const holding: Holding = { holdMs, held: new Set(), isOn: false, timer: null, flush: null };
  return {
    get isOn() {
      return holding.isOn;
    },
    count: () => holding.held.size,
    add: (resume) => add(holding, resume),
    follow(from, route) {
      const verdict = judgeHold(from, route);
      if (verdict === "begin" && holdMs > 0)
        begin(holding, Math.min(holdMs, route.announced?.forMs ?? holdMs));
      if (verdict === "end") endSoon(holding);
    },
    close() {
      stop(holding);
      for (const resume of takeAll(holding)) resume(new ClosedError());
    },
  };
}

function add(holding: Holding, resume: Resume): () => void {
  const { held } = holding;
  if (held.size >= MAX_HELD) {
    const refusal = new OverloadedError(`${MAX_HELD} calls are held for a planned switch already`);
    process.nextTick(resume, refusal);
    return () => undefined;
  }
  held.add(resume);
  return () => void held.delete(resume);
}

function begin(holding: Holding, forMs: number): void {
  stop(holding);
  holding.isOn = true;
  holding.timer = setTimeout(() => endSoon(holding), forMs);
}

/** Until they are let go, new calls line up behind those that wait. */
function endSoon(holding: Holding): void {
  if (!holding.isOn || holding.flush !== null) return;
  stop(holding);
  holding.flush = setImmediate(() => {
    holding.flush = null;
    holding.isOn = false;
    for (const resume of takeAll(holding)) resume(null);
  });
}

function stop(holding: Holding): void {
  if (holding.timer !== null) clearTimeout(holding.timer);
  if (holding.flush !== null) clearImmediate(holding.flush);
  holding.timer = null;
  holding.flush = null;
}

function takeAll({ held }: Holding): readonly Resume[] {
  const calls = [...held];
  held.clear();
  return calls;
}
