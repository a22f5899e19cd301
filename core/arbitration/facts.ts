import { isAnswered } from "./asking.ts";
import { findOpenWindow, isBudgetSpent } from "./budget.ts";
import { chooseCandidate } from "./candidate.ts";
import { confirmSiteLoss, isMoving } from "./judge-sites.ts";
import type { Facts } from "./rules.ts";
import { computeSight, isHeard, type Sight } from "./sight.ts";
import type { Asking, Case, InstanceState } from "./state.ts";

/** The facts of a case, and what they were read from. */
export interface Finding {
  readonly facts: Facts;
  /** What the sites say of the active target, by answers once the question is answered, else by reports. */
  readonly sight: Sight;
  readonly candidate: { readonly dataCentre: string; readonly loginAgeMs: number } | null;
}

/**
 * Computes the facts of a case for the rule table.
 *
 * @param subject the case
 * @returns the facts with their evidence
 */
export function computeFinding(subject: Case): Finding {
  const { instance, planned, monitor } = subject;
  const active = monitor.route.active;
  // While a switch runs, its questions are not about the target's death.
  const asking = monitor.run === null ? monitor.asking : null;
  const answered = asking !== null && isAnswered(asking, subject);
  const source = answered ? "answers" : "reports";
  const sight = computeSight(subject, active, source);
  const confirmation = computeConfirmation(subject, asking, answered, sight);
  // The reports say whether there is a case at all. Once the question is out only the answers count, and they speak
  // through the confirmation, so that a refuted case is seen as refuted and not as one that never was.
  const target = asking === null ? computeTarget(subject, sight) : asking.about === "site" ? "lost" : "down";
  // Choosing a candidate and counting budgets cost a look around: a target that answers does not need it, and nothing
  // is decided while a question is pending.
  const isCase = (target === "down" || target === "lost") && confirmation !== "pending";
  const candidate = isCase ? chooseCandidate(subject, source) : null;
  return {
    sight,
    candidate,
    facts: {
      switchable: planned.switchable ? "yes" : "no",
      monitored: planned.monitored ? "yes" : "no",
      running: monitor.run === null ? "no" : "yes",
      lineage: monitor.fork === null ? "clear" : "fork",
      confirmation,
      target,
      evidence: asking === null && target !== "lost" ? (sight.verdict.evidence ?? "enough") : "enough",
      active: active === planned.home ? "home" : "away",
      mode: instance.plan.settings.mode,
      automatic: computeAutomatic(subject),
      armed: monitor.armed ? "yes" : "no",
      store: isStoreReachable(subject, answered) ? "reachable" : "unreachable",
      candidate: candidate === null ? "none" : "ready",
      budget: isCase && isBudgetSpent(subject) ? "spent" : "free",
      by: sight.verdict.by ?? "timeout",
    },
  };
}

/** The site that the active target stands in. */
export function findActiveSite({ planned, monitor }: Pick<Case, "planned" | "monitor">): string {
  return planned.dataCentres.find((dc) => dc.name === monitor.route.active)?.site ?? "";
}

function computeAutomatic({ planned, now }: Case): Facts["automatic"] {
  if (!planned.automatic) return "off";
  return findOpenWindow(planned, now) === null ? "on" : "window";
}

function computeTarget(subject: Case, sight: Sight): Facts["target"] {
  const { planned, monitor, instance, now } = subject;
  const active = planned.dataCentres.find((dc) => dc.name === monitor.route.active);
  const { verdict } = sight;
  const tried = active !== undefined && monitor.proven[active.name] === active.targetVersion;
  if (verdict.verdict === "up") {
    return tried && verdict.downSites.length > 0 && isDisputed(subject) ? "disputed" : "up";
  }
  if (!tried) return "untried";
  if (isMoving(subject.moment.sites(), active.site)) return "lost";
  // Just after a start agents come back one by one: what is missing may still be on its way.
  const young = now - instance.startedAtMs < instance.plan.settings.silentAfterMs;
  const missing = Object.values(sight.votes).some((site) => site.vote === "absent");
  if (verdict.verdict === "down" && verdict.evidence !== "enough" && young && missing) return "failing";
  return verdict.verdict;
}

/**
 * Some call the target down for so long that everybody else must have noticed, if it were: they are asked, and whoever
 * is wrong is blind from then on [SAFE-2]. Before that the others may merely be a probe behind.
 */
function isDisputed({ instance, planned, monitor, now }: Case): boolean {
  const { monitorTimeoutMs, accessTimeoutMs, retryIntervalMs } = planned.timing;
  const limitMs = monitorTimeoutMs + accessTimeoutMs + retryIntervalMs;
  return Object.entries(monitor.observations).some(([agentId, seen]) => {
    const agent = instance.agents[agentId];
    const mine = seen[monitor.route.active];
    if (agent === undefined || mine === undefined || mine.blinded || !isHeard(agent, instance, now))
      return false;
    const { failing } = mine.observation;
    return failing !== null && failing.ageMs + Math.max(0, now - mine.receivedAtMs) >= limitMs;
  });
}

function computeConfirmation(
  subject: Case,
  asking: Asking | null,
  answered: boolean,
  sight: Sight,
): Facts["confirmation"] {
  if (asking === null) return "none";
  if (!answered) return "pending";
  if (asking.about === "site") return confirmSiteLoss(subject, findActiveSite(subject), sight.votes);
  if (sight.verdict.verdict === "up") return "refuted";
  return sight.verdict.verdict === "down" && sight.verdict.evidence === "enough" ? "agreed" : "short";
}

function isStoreReachable(subject: Case, answered: boolean): boolean {
  if (answered) return (subject.monitor.asking?.reachableStores.length ?? 0) > 0;
  return listReachableStores(subject.instance, subject.now).length > 0;
}

/**
 * Lists the stores that at least one agent reaches at present.
 *
 * @param instance the instance
 * @param now control plane's clock in ms
 * @returns store ids
 */
export function listReachableStores(instance: InstanceState, now: number): string[] {
  const agents = Object.values(instance.agents).filter((agent) => isHeard(agent, instance, now));
  return instance.plan.stores
    .map((store) => store.id)
    .filter((id) =>
      agents.some((agent) => agent.stores.some((store) => store.store === id && store.reachable)),
    );
}
