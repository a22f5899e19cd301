import type { LiveSite } from "@evenkeel/contracts/live";
import type { PlannedSite } from "@evenkeel/contracts/plan";
import type { JudgedSite } from "./judge-sites.ts";
import { findMonitor } from "./monitor-rows.ts";
import { explainSite } from "./site-alarms.ts";
import type { InstanceState } from "./state.ts";

/**
 * Renders a site as people see it.
 *
 * @param state the instance
 * @param site the site of the plan
 * @param judged the rule that holds for it
 */
export function renderSite(
  state: InstanceState,
  { id, name, kind }: PlannedSite,
  judged: JudgedSite,
): LiveSite {
  const active = state.plan.monitors.filter((planned) => {
    const route = findMonitor(state, planned.id)?.route;
    return planned.dataCentres.some((dc) => dc.site === id && dc.name === route?.active);
  });
  return {
    id,
    name,
    kind,
    state: nameSiteState(judged),
    because: explainSite(state, judged),
    unheardForMs: judged.unheardForMs,
    active: active.map((planned) => planned.id),
  };
}

function nameSiteState({ rule, facts }: JudgedSite): LiveSite["state"] {
  switch (rule.outcome) {
    case "rest":
      return facts.agents === "here" ? "connected" : facts.agents === "some" ? "partly" : "empty";
    case "watch":
    case "alarm":
      return "unheard";
    case "lost":
    case "move":
      return "lost";
  }
}
