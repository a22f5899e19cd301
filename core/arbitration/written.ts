import type { AgentFrame } from "@evenkeel/contracts/agent-protocol";
import type { TimeMark } from "@evenkeel/contracts/event";
import type { Route } from "@evenkeel/contracts/route";
import { because } from "@evenkeel/contracts/sentences";
import { isAcknowledged } from "../switching/acknowledged.ts";
import { compareLineage, sharesAncestor } from "../switching/lineage.ts";
import { findPlanned, nameStore } from "./find-planned.ts";
import { sendRoute } from "./held-routes.ts";
import { findMonitor } from "./monitor-rows.ts";
import { recordEvent } from "./record-event.ts";
import { refuse } from "./refusals.ts";
import { ANCESTORS_MAX, type MonitorState, TIME_MARKS_MAX } from "./state.ts";
import { driveSwitch } from "./switch-steps.ts";
import { answerCommand, setMonitor, type Work } from "./work.ts";

type WrittenResult = Extract<AgentFrame, { type: "written" }>["results"][number];

/**
 * Takes what became of a route in a store.
 *
 * @param work the work
 * @param agentName who wrote, for the time line
 * @param result the result
 */
export function takeWritten(work: Work, agentName: string, result: WrittenResult): void {
  const monitor = findMonitor(work.instance, result.monitorId);
  if (monitor === undefined) return;
  switch (result.outcome.result) {
    case "stored":
      if (result.epoch === monitor.route.epoch) {
        const how = result.outcome.written ? "written" : "found";
        noteStored(work, monitor, result.store, `${how} by ${agentName} in ${Math.round(result.tookMs)} ms`);
      }
      return;
    case "ahead":
    case "fork":
      compare(work, monitor, result.outcome.stored, result.store);
      return;
    case "failed":
    case "unreadable":
      // The route is sent again until a store has it; the agent's report says why the store is unreachable.
      return;
  }
}

function noteStored(work: Work, monitor: MonitorState, store: string, words: string): void {
  const { epoch, decision } = monitor.route;
  const known = monitor.stores[store];
  if (known?.decision === decision) return;
  const stores = { ...monitor.stores, [store]: { epoch, decision } };
  const mark: TimeMark = {
    mark: "route-written",
    atMs: work.now,
    who: nameStore(work.instance, store),
    words,
  };
  const run =
    monitor.run?.epoch === epoch
      ? { ...monitor.run, timeLine: [...monitor.run.timeLine, mark].slice(-TIME_MARKS_MAX) }
      : monitor.run;
  setMonitor(work, { ...monitor, stores, run });
  driveSwitch(work, monitor.id);
}

/** An agent compares with the route that it was sent; ours may have moved on since, so it is compared anew. */
function compare(work: Work, monitor: MonitorState, stored: Route, store: string): void {
  switch (compareLineage(stored, monitor.route, monitor.ancestors)) {
    case "same":
    case "behind":
      return;
    case "ahead":
      adopt(work, monitor, stored, store);
      return;
    case "fork":
      if (mayGiveWay(work, monitor, stored)) adopt(work, monitor, stored, store);
      else suspectSplitBrain(work, monitor, stored, store);
      return;
  }
}

/**
 * A route of ours that no store is known to hold is an intention only. It gives way to a store's route that shares our
 * past: somebody was quicker, a twin of this object or a person beside it. A row that no store ever confirmed has no
 * past of its own, after the loss of this object for example, and believes the store.
 */
function mayGiveWay(work: Work, monitor: MonitorState, stored: Route): boolean {
  if (stored.epoch < monitor.route.epoch) return false;
  const planned = findPlanned(work.instance, monitor.id);
  if (planned?.dataCentres.some((dc) => dc.name === stored.active) !== true) return false;
  if (Object.keys(monitor.stores).length === 0 && monitor.ancestors.length === 0) return true;
  return !isAcknowledged(monitor) && sharesAncestor(stored, monitor.route, monitor.ancestors);
}

/** Takes the store's route over: we are the ones who are behind. */
function adopt(work: Work, monitor: MonitorState, stored: Route, store: string): void {
  const { run } = monitor;
  const why = because("route-adopted", { epoch: stored.epoch });
  const isHome = findPlanned(work.instance, monitor.id)?.home === stored.active;
  const past = [stored.after, ...(stored.trail ?? []), monitor.route.after, ...monitor.ancestors];
  // A route of ours that gave way is no ancestor: should another store hold it after all, that is a fork.
  const ancestors = new Set(past.filter((decision) => decision !== null));
  const next: MonitorState = {
    ...monitor,
    route: stored,
    stores: { ...monitor.stores, [store]: { epoch: stored.epoch, decision: stored.decision } },
    ancestors: [...ancestors].slice(0, ANCESTORS_MAX),
    run: null,
    asking: null,
    // What was decided in between is not known here: arming waits as after a switch back.
    armed: false,
    rearmAtMs: isHome ? work.now + work.instance.plan.settings.rearmAfterMs : null,
  };
  setMonitor(work, next);
  recordEvent(work, {
    type: "route-adopted",
    level: "major",
    because: why,
    monitorId: monitor.id,
    epoch: stored.epoch,
  });
  if (run !== null && run.idempotencyKey !== null) {
    const refusal = refuse(monitor.id, "state-changed", why, stored.epoch);
    answerCommand(work, monitor.id, run.idempotencyKey, refusal, true);
  }
  sendRoute(work, next);
}

/** A route that does not descend from ours: nothing moves until a person chooses [SAFE-1]. */
function suspectSplitBrain(work: Work, monitor: MonitorState, stored: Route, store: string): void {
  if (monitor.fork !== null && monitor.fork.epoch >= stored.epoch) return;
  const { run } = monitor;
  setMonitor(work, { ...monitor, fork: stored, run: null, asking: null, alarm: "ARB-04" });
  const params = { store, stored: stored.epoch, epoch: monitor.route.epoch };
  const why = because("route-newer", params);
  recordEvent(work, {
    type: "split-brain-suspected",
    level: "critical",
    because: why,
    monitorId: monitor.id,
    epoch: stored.epoch,
  });
  if (run !== null && run.idempotencyKey !== null) {
    const refusal = refuse(monitor.id, "switch-blocked", because("ARB-04"), monitor.route.epoch);
    answerCommand(work, monitor.id, run.idempotencyKey, refusal, true);
  }
}
