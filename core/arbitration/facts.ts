import { isAnswered } from "./asking.ts";
import { chooseCandidate } from "./candidate.ts";
import type { Facts } from "./rules.ts";
import { computeSight, isHeard, type Sight } from "./sight.ts";
import { type Case, DAY_MS, type InstanceState } from "./state.ts";

/** The facts of a case, and what they were read from. */
export interface Finding {
  readonly facts: Facts;
  /** What the sites say of the active target, by answers once the question is answered, else by reports. */
  readonly sight: Sight;
  readonly candidate: { readonly dataCentre: string; readonly loginAgeMs: number } | null;
}

const MINUTE_MS = 60_000;

/**
 * Computes the facts of a case for the rule table.
 *
 * @param subject the case
 * @returns the facts with their evidence
 */
export function computeFinding(subject: Case): Finding {
  const { instance, planned, monitor } = subject;
  const active = monitor.route.active;
  const reported = computeSight(subject, active, "reports");
  const asking = monitor.run === null ? monitor.asking : null;
  const answered = asking !== null && isAnswered(asking, subject);
  const sight = answered ? computeSight(subject, active, "answers") : reported;
  const candidate = chooseCandidate(subject, answered ? "answers" : "reports");
  const confirmation = computeConfirmation(subject, answered, sight);
  // The reports say whether there is a case at all. Once the question is out only the answers count, and they speak
  // through the confirmation, so that a refuted case is seen as refuted and not as one that never was.
  const target = asking === null ? computeTarget(subject, reported) : "down";
  const { settings } = instance.plan;
  return {
    sight,
    candidate,
    facts: {
      switchable: planned.switchable ? "yes" : "no",
      monitored: planned.monitored ? "yes" : "no",
      running: monitor.run === null ? "no" : "yes",
      lineage: monitor.fork === null ? "clear" : "fork",
      target,
      evidence: asking === null ? (reported.verdict.evidence ?? "enough") : "enough",
      active: active === planned.home ? "home" : "away",
      mode: settings.mode,
      automatic: planned.automatic && !planned.inWindow ? "on" : "off",
      armed: monitor.armed ? "yes" : "no",
      store: isStoreReachable(subject, answered) ? "reachable" : "unreachable",
      candidate: candidate === null ? "none" : "ready",
      budget: isBudgetSpent(subject) ? "spent" : "free",
      confirmation,
      by: sight.verdict.by ?? "timeout",
    },
  };
}

function computeTarget(subject: Case, sight: Sight): Facts["target"] {
  const { planned, monitor, instance, now } = subject;
  const active = planned.dataCentres.find((dc) => dc.name === monitor.route.active);
  if (sight.verdict.verdict === "up") return "up";
  if (active === undefined || monitor.proven[active.name] !== active.targetVersion) return "untried";
  // Just after a start agents come back one by one: what is missing may still be on its way.
  const young = now - instance.startedAtMs < instance.plan.settings.silentAfterMs;
  const missing = Object.values(sight.votes).some((site) => site.vote === "absent");
  if (sight.verdict.verdict === "down" && sight.verdict.evidence !== "enough" && young && missing)
    return "failing";
  return sight.verdict.verdict;
}

function computeConfirmation(subject: Case, answered: boolean, sight: Sight): Facts["confirmation"] {
  if (subject.monitor.run !== null || subject.monitor.asking === null) return "none";
  if (!answered) return "pending";
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

/** Budgets bind automatic switches only: so many of one monitor in a day, so many away from one site in a minute. */
function isBudgetSpent(subject: Case): boolean {
  const { instance, monitor, planned, now } = subject;
  const { budgetPerMonitorDay, budgetPerSiteMinute } = instance.plan.settings;
  if (monitor.automaticAtMs.filter((at) => now - at < DAY_MS).length >= budgetPerMonitorDay) return true;
  const site = homeSite(planned);
  const recent = instance.plan.monitors
    .filter((other) => homeSite(other) === site)
    .flatMap((other) => instance.monitors[other.id]?.automaticAtMs ?? [])
    .filter((at) => now - at < MINUTE_MS);
  return recent.length >= budgetPerSiteMinute;
}

function homeSite(planned: Case["planned"]): string | undefined {
  return planned.dataCentres.find((dc) => dc.name === planned.home)?.site;
}
