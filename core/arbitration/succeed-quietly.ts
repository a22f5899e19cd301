import type { Route } from "@evenkeel/contracts/route";
import { succeedRoute } from "../switching/route.ts";
import { sendRoute } from "./held-routes.ts";
import { ANCESTORS_MAX, type MonitorState } from "./state.ts";
import { setMonitor, type Work } from "./work.ts";

/**
 * Makes the next route of a monitor whose active side stays: a new epoch like any other [SAFE-1]. It moves nothing, and so
 * it needs no run; stores that do not have it yet are owed it.
 *
 * @param work the work
 * @param before the monitor's row, in which nothing runs
 * @param change what is new, and who decided
 * @returns the row after it
 */
export function succeedQuietly(
  work: Work,
  before: MonitorState,
  change: Pick<Route, "dataCentres" | "phase" | "reason" | "decidedBy">,
): MonitorState {
  const { route, fork } = before;
  const next: MonitorState = {
    ...before,
    route: succeedRoute(route, {
      ...change,
      epoch: Math.max(route.epoch, fork?.epoch ?? 0) + 1,
      decision: work.newId("dec"),
      active: route.active,
      now: work.now,
    }),
    ancestors: [route.decision, ...before.ancestors].slice(0, ANCESTORS_MAX),
  };
  setMonitor(work, next);
  if (fork === null) sendRoute(work, next);
  return next;
}
