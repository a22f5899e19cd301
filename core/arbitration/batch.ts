import type { BatchCommand } from "@evenkeel/contracts/command";
import { because } from "@evenkeel/contracts/sentences";
import { checkCandidate } from "./candidate.ts";
import { startPersonsSwitch } from "./persons-switch.ts";
import { beginPrecheck } from "./precheck.ts";
import { refuse, refuseStale, refuseWhileRunning, settleAtOnce } from "./refusals.ts";
import type { ArbitrationEvent, Case, Reply } from "./state.ts";
import { answerCommand, findCase, type Work } from "./work.ts";

type BatchEvent = Extract<ArbitrationEvent, { type: "batch" }>;
type Member = BatchCommand["members"][number];

/**
 * Carries out a batch: all members are prechecked with one question, and one blocker stops them all, unless blocked
 * ones are to be skipped or everything is forced. Every member gets an answer of its own under the batch's key.
 *
 * @param work the work; the answers are left in its replies
 * @param event the batch
 * @returns ids of the monitors that were touched
 */
export function obeyBatch(work: Work, event: BatchEvent): string[] {
  const { order, principal: who } = event;
  const { members, force, skipBlocked, idempotencyKey, reason = "" } = order;
  const ready: { member: Member; subject: Case }[] = [];
  const settled = new Map<string, Reply>();
  for (const member of members) {
    const subject = findCase(work, member.monitorId);
    const answer = settleMember(subject, member, order);
    if (answer !== null) settled.set(member.monitorId, answer);
    else if (subject !== null) ready.push({ member, subject });
  }
  const isBlocked = [...settled.values()].some((answer) => !answer.ok);
  const isTogether = !force && !skipBlocked;
  if (isTogether && isBlocked) refuseAll(settled, ready, members.length);
  else {
    const batch = isTogether ? { key: idempotencyKey, size: ready.length } : null;
    for (const { member, subject } of ready) {
      const orderOfMember = { to: member.to, who, idempotencyKey, reason };
      if (force) startPersonsSwitch(work, subject, "force", orderOfMember);
      else beginPrecheck(work, subject, orderOfMember, batch);
    }
  }
  for (const [monitorId, answer] of settled) answerCommand(work, monitorId, idempotencyKey, answer, true);
  return members.map((member) => member.monitorId);
}

/** What can be said of a member at once; null: it may go on to its precheck. */
function settleMember(subject: Case | null, member: Member, order: BatchCommand): Reply | null {
  const { monitorId, to, expectedEpoch } = member;
  if (subject === null) {
    return refuse(monitorId, "not-found", because("monitor-unknown", { monitor: monitorId }), null);
  }
  const before = subject.monitor.remembered.find((entry) => entry.key === order.idempotencyKey);
  return (
    before?.reply ??
    refuseWhileRunning(subject) ??
    refuseStale(subject, expectedEpoch) ??
    settleAtOnce(subject, to, order.force)
  );
}

/** Nothing moves; whoever looks at the answers finds every blocker that is known without asking anybody. */
function refuseAll(
  settled: Map<string, Reply>,
  ready: readonly { readonly member: Member; readonly subject: Case }[],
  all: number,
): void {
  const blocked = [...settled.values()].filter((answer) => !answer.ok).length;
  for (const { member, subject } of ready) {
    const target = subject.planned.dataCentres.find((dc) => dc.name === member.to);
    const check = target === undefined ? null : checkCandidate(subject, target, "reports");
    const why = check?.fit === false ? check.why : because("batch-blocked", { blocked, all });
    settled.set(
      member.monitorId,
      refuse(member.monitorId, "switch-blocked", why, subject.monitor.route.epoch),
    );
  }
}
