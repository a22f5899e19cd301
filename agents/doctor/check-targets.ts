import type { Observation, ProbeReason, Verdict } from "@evenkeel/contracts/observation";
import type { Plan, PlannedMonitor } from "@evenkeel/contracts/plan";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { testTarget } from "../probing/test-target.ts";
import type { Unseal } from "../unseal.ts";
import { doubtful, type Finding, type FindingState, good } from "./finding.ts";
import { judgeCertificates } from "./judge-certificate.ts";

/** Targets that are tried at a time: a thousand connects at once would look like an attack. */
const AT_A_TIME = 16;

const STATES: Readonly<Record<Verdict, FindingState>> = {
  up: "good",
  degraded: "doubtful",
  read_only: "doubtful",
  down: "bad",
  config: "bad",
};
/** What the account is to blame for, so that the statements that make it are the way out. */
const ACCOUNT_REASONS: readonly ProbeReason[] = ["auth-failed", "permission-denied", "unknown-database"];
/** For what the engine's plugin has no advice of its own. */
const FIX = "look at the server and the way to it; the docs page of its kind lists what the codes mean";

/**
 * Checks every target of the plan with a connection and login of its own.
 *
 * @param plan the plan
 * @param unseal opens the targets' credentials
 */
export async function checkTargets(plan: Plan, unseal: Unseal): Promise<Finding[]> {
  const targets = plan.monitors.flatMap((monitor) =>
    monitor.dataCentres.map((target) => ({ monitor, target })),
  );
  if (targets.length === 0) {
    return [doubtful("targets", "the plan has no monitors", "create a monitor in the console")];
  }
  const findings: Finding[] = [];
  for (let at = 0; at < targets.length; at += AT_A_TIME) {
    const some = targets.slice(at, at + AT_A_TIME);
    findings.push(
      ...(
        await Promise.all(some.map(async (one) => await checkTarget(one.monitor, one.target, unseal)))
      ).flat(),
    );
  }
  return findings;
}

async function checkTarget(
  monitor: PlannedMonitor,
  target: PlannedMonitor["dataCentres"][number],
  unseal: Unseal,
): Promise<Finding[]> {
  const { kind, timing } = monitor;
  const frame = {
    type: "test",
    nonce: "doctor",
    kind,
    target,
    accessTimeoutMs: timing.accessTimeoutMs,
  } as const;
  const subject = `${monitor.name} (${kind}) in ${target.name}`;
  const observation = await testTarget(frame, unseal);
  return [
    judgeTarget(subject, observation, findMonitorPlugin(kind)?.account),
    ...judgeCertificates(subject, observation.certificates ?? [], Date.now()),
  ];
}

/**
 * Judges what a test of a target found.
 *
 * @param subject what people call the target
 * @param observation what the test found: the judgement, what was reached, and whether heartbeats could be written
 * @param account the statements that make an account of the target's kind; undefined: it needs none
 */
export function judgeTarget(subject: string, observation: Observation, account?: string): Finding {
  const { judgement, facts } = observation;
  const state = STATES[judgement.verdict];
  const known = [facts?.version, facts?.role, tellEnd(observation)].filter(
    (fact) => typeof fact === "string",
  );
  const words = [`${judgement.verdict.replace("_", "-")}, ${judgement.words}`, ...known].join("; ");
  if (state === "good") return judgeRights(subject, words, observation);
  const isAccounts = account !== undefined && ACCOUNT_REASONS.includes(judgement.reason);
  const statements = isAccounts ? `\nthe whole account, with the least rights:\n${account}` : "";
  return { state, subject, words, fix: `${judgement.advice ?? FIX}${statements}` };
}

/** Tells until when all certificates hold; those that do not for long have findings of their own. */
function tellEnd({ certificates = [] }: Observation): string | null {
  const [first] = certificates;
  if (first === undefined || first.end !== "later") return null;
  return `certificates hold until ${new Date(first.untilMs).toISOString().slice(0, 10)}`;
}

/** A target that is up may yet keep something from its accounts. */
function judgeRights(subject: string, words: string, { facts, heartbeat }: Observation): Finding {
  if (heartbeat?.reason !== undefined) {
    const why = `${words}; no heartbeats: ${heartbeat.words ?? heartbeat.reason}`;
    return doubtful(subject, why, heartbeat.advice ?? FIX);
  }
  const missing = facts?.missing ?? [];
  if (missing.length === 0) return good(subject, words);
  const rights = missing.map(({ right }) => right).join(", ");
  const fix = missing.map(({ statement }) => statement).join("; ");
  return doubtful(subject, `${words}; the account lacks ${rights}`, fix);
}
