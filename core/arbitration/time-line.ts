import type { TimeMark } from "@evenkeel/contracts/event";
import { type Finding, findActiveSite } from "./facts.ts";
import { nameSite } from "./find-planned.ts";
import type { Case } from "./state.ts";

/**
 * Counts the agents whose answer says that a data centre answers them.
 *
 * @param subject the case, with its question answered
 * @param dataCentre the data centre
 */
export function countVouchers(subject: Case, dataCentre: string): number {
  return Object.values(subject.monitor.asking?.answers ?? {}).filter((answer) =>
    answer.some((one) => one.dataCentre === dataCentre && one.failing === null),
  ).length;
}

/**
 * Computes the time line up to the decision, from the ages that the agents measured [SAFE-10].
 *
 * @param subject the case, with its question answered
 * @param finding what was found
 */
export function computeTimeLine(subject: Case, finding: Finding): TimeMark[] {
  const { monitor, instance, now } = subject;
  const marks: TimeMark[] = [];
  for (const [agentId, answer] of Object.entries(monitor.asking?.answers ?? {})) {
    const seen = answer.find((observation) => observation.dataCentre === monitor.route.active);
    if (seen?.failing === null || seen === undefined) continue;
    const agent = instance.agents[agentId];
    const words = `${seen.failing.probes} failed probes in ${seen.failing.ageMs} ms: ${seen.judgement.words}`;
    marks.push({
      mark: "first-failed-probe",
      atMs: now - seen.failing.ageMs,
      who: agent?.name ?? agentId,
      words,
    });
  }
  marks.sort((a, b) => a.atMs - b.atMs);
  const askedAtMs = monitor.asking?.askedAtMs ?? now;
  const isSite = finding.facts.target === "lost";
  marks.push({
    mark: isSite ? "site-lost" : "verdict",
    atMs: askedAtMs,
    who: isSite ? nameSite(instance, findActiveSite(subject)) : null,
    words: isSite
      ? "the whole site is lost; asking everybody"
      : "down from enough failure domains; asking everybody",
  });
  for (const [site, vote] of Object.entries(finding.sight.votes)) {
    marks.push({ mark: "vote", atMs: now, who: nameSite(instance, site), words: vote.vote });
  }
  marks.push({ mark: "confirmed", atMs: now, who: null, words: "the answers to the question agree" });
  return marks;
}
