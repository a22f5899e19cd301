import type { Because } from "@evenkeel/contracts/event";
import type { Observation } from "@evenkeel/contracts/observation";
import type { PlannedDataCentre } from "@evenkeel/contracts/plan";
import { because } from "@evenkeel/contracts/sentences";
import { isHeard, type SightSource } from "./sight.ts";
import type { Case } from "./state.ts";

/** A data centre that may take over, or why it may not. */
export type CandidateCheck =
  | { readonly fit: true; readonly dataCentre: string; readonly loginAgeMs: number }
  | { readonly fit: false; readonly dataCentre: string; readonly why: Because };

/**
 * Checks whether a data centre may take over [SAFE-8]: an agent of its own site sees it up and has passed a fresh
 * connect and login there lately.
 *
 * @param subject the case
 * @param target the data centre
 * @param source `answers` also holds the login's age against the limit; reports are too old to do that
 * @returns fit with the age of the freshest login in ms, or the reason
 */
export function checkCandidate(
  subject: Case,
  target: PlannedDataCentre,
  source: SightSource,
): CandidateCheck {
  const to = target.name;
  const refuse = (why: Because): CandidateCheck => ({ fit: false, dataCentre: to, why });
  if (!subject.planned.monitored) return refuse(because("not-monitored-candidate", { to }));
  const own = ownObservations(subject, target, source);
  if (own.length === 0) return refuse(because("candidate-unheard", { to }));
  const up = own.filter(
    (observation) => observation.judgement.verdict === "up" && observation.failing === null,
  );
  const [first] = up;
  if (first === undefined) {
    return refuse(
      because("candidate-not-up", { to, words: own[0]?.judgement.words ?? "nothing was reported" }),
    );
  }
  const limitMs = subject.instance.plan.settings.freshLoginMs;
  const ages = up.flatMap((observation) =>
    observation.freshLoginAgeMs === null ? [] : [observation.freshLoginAgeMs],
  );
  const loginAgeMs = Math.min(...ages);
  if (ages.length === 0 || (source === "answers" && loginAgeMs > limitMs)) {
    return refuse(because("candidate-login-old", { to, limitS: Math.round(limitMs / 1000) }));
  }
  return { fit: true, dataCentre: to, loginAgeMs };
}

/**
 * Chooses where an automatic switch goes: the fit data centre with the lowest priority number, names break ties.
 *
 * @param subject the case
 * @param source where the observations come from
 * @returns the candidate, or null if none is fit
 */
export function chooseCandidate(
  subject: Case,
  source: SightSource,
): { readonly dataCentre: string; readonly loginAgeMs: number } | null {
  const { planned, monitor } = subject;
  const others = planned.dataCentres
    .filter(
      (dc) => dc.name !== monitor.route.active && (monitor.route.dataCentres[dc.name]?.writable ?? true),
    )
    .sort((a, b) => a.priority - b.priority || a.name.localeCompare(b.name, "en", { numeric: true }));
  for (const dc of others) {
    const check = checkCandidate(subject, dc, source);
    if (check.fit) return check;
  }
  return null;
}

/**
 * Computes how long a data centre has been healthy without a break, by the answers of its own site's agents.
 *
 * @param subject the case, with the answers of a precheck
 * @param target the data centre
 * @returns milliseconds on the agents' clocks; 0 if nobody vouches for it
 */
export function computeHealthyForMs(subject: Case, target: PlannedDataCentre): number {
  const ages = ownObservations(subject, target, "answers").map(
    (observation) => observation.healthyForMs ?? 0,
  );
  return ages.length === 0 ? 0 : Math.max(...ages);
}

function ownObservations(subject: Case, target: PlannedDataCentre, source: SightSource): Observation[] {
  const agents = Object.values(subject.instance.agents).filter((agent) => agent.site === target.site);
  return agents.flatMap((agent) => {
    const found =
      source === "answers"
        ? subject.monitor.asking?.answers[agent.id]?.find(
            (observation) => observation.dataCentre === target.name,
          )
        : isHeard(agent, subject.instance, subject.now)
          ? subject.monitor.observations[agent.id]?.[target.name]?.observation
          : undefined;
    return found !== undefined && found.targetVersion === target.targetVersion ? [found] : [];
  });
}
