import type { AgentFrame } from "@evenkeel/contracts/agent-protocol";
import type { Route } from "@evenkeel/contracts/route";
import { because } from "@evenkeel/contracts/sentences";
import { ANCESTORS_MAX, type MonitorState } from "./state.ts";
import { noteStored, sendRoute } from "./switching.ts";
import { recordEvent, setMonitor, type Work } from "./work.ts";

type WrittenResult = Extract<AgentFrame, { type: "written" }>["results"][number];

/**
 * Takes what became of a route in a store.
 *
 * @param work the work
 * @param agentName who wrote, for the time line
 * @param result the result
 */
export function takeWritten(work: Work, agentName: string, result: WrittenResult): void {
  const monitor = work.instance.monitors[result.monitorId];
  if (monitor === undefined) return;
  switch (result.outcome.result) {
    case "stored":
      if (result.epoch === monitor.route.epoch) {
        const how = result.outcome.written ? "written" : "found";
        noteStored(work, monitor, result.store, `${how} by ${agentName} in ${Math.round(result.tookMs)} ms`);
      }
      return;
    case "ahead":
      adopt(work, monitor, result.outcome.stored, result.store);
      return;
    case "fork":
      suspectSplitBrain(work, monitor, result.outcome.stored, result.store);
      return;
    case "failed":
    case "unreadable":
      // The run sends its route again until a store has it; the agent's report says why the store is unreachable.
      return;
  }
}

/** The store's route is the direct successor of ours: we are the ones who are behind, after a restore for example. */
function adopt(work: Work, monitor: MonitorState, stored: Route, store: string): void {
  if (stored.after !== monitor.route.decision || stored.epoch <= monitor.route.epoch) {
    // An agent compares with the route that it was sent; if ours has moved on since, its finding is old.
    if (stored.epoch > monitor.route.epoch) suspectSplitBrain(work, monitor, stored, store);
    return;
  }
  const next: MonitorState = {
    ...monitor,
    route: stored,
    ancestors: [monitor.route.decision, ...monitor.ancestors].slice(0, ANCESTORS_MAX),
    run: null,
    asking: null,
    armed: false,
  };
  setMonitor(work, next);
  const why = because("route-adopted", { epoch: stored.epoch });
  recordEvent(work, {
    type: "route-adopted",
    level: "major",
    because: why,
    monitorId: monitor.id,
    epoch: stored.epoch,
  });
  sendRoute(work, next);
}

/** A route that does not descend from ours: nothing moves until a person chooses [SAFE-1]. */
function suspectSplitBrain(work: Work, monitor: MonitorState, stored: Route, store: string): void {
  const known = stored.decision === monitor.route.decision || monitor.ancestors.includes(stored.decision);
  if (known || monitor.fork?.decision === stored.decision) return;
  setMonitor(work, { ...monitor, fork: stored, run: null, asking: null, alarm: "ARB-04" });
  const params = { store, stored: stored.epoch, epoch: monitor.route.epoch };
  recordEvent(work, {
    type: "split-brain-suspected",
    level: "critical",
    because: because("route-newer", params),
    monitorId: monitor.id,
    epoch: stored.epoch,
  });
}
