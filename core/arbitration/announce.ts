import type { Because } from "@evenkeel/contracts/event";
import { because } from "@evenkeel/contracts/sentences";
import { computeAnnouncementEnd } from "./announcement-end.ts";
import { checkCandidate } from "./candidate.ts";
import { findMonitor } from "./monitor-rows.ts";
import { type OperatorSwitch, startPersonsSwitch } from "./persons-switch.ts";
import type { Case, SwitchRun } from "./state.ts";
import { succeedQuietly } from "./succeed-quietly.ts";
import { computeFlagsAfter, startChange } from "./switching.ts";
import { tellBlocked } from "./tell-blocked.ts";
import { findCase, type Work } from "./work.ts";

/** A switch is not announced for longer than this, in milliseconds: whoever writes for longer does not hold it up. */
export const ANNOUNCE_MAX_MS = 3000;
/** An announcement holds this much longer than it is waited for, in milliseconds: the route that ends it has to arrive. */
export const ARRIVE_MS = 2000;
/** The part of the processes' own patience that is waited for: the rest is for the two routes' ways to them. */
const PATIENCE = 0.8;

/** How the processes of a monitor hold new writes. Senses of the shell, like the hearing of agents. */
export interface Holders {
  /** The shortest time for which one of them holds, in milliseconds. */
  readonly holdMs: number;
  /** The latest route of which all of them told that what was under way before it has ended; 0: none. */
  readonly drainedEpoch: number;
}

/**
 * Starts a prechecked switch of a person. Where processes can hold new writes it is announced first, so that what is
 * under way ends on the old side before anybody writes on the new one.
 *
 * @param work the work
 * @param subject the case; nothing runs and nothing is asked
 * @param order what is ordered
 */
export function startPlannedSwitch(work: Work, subject: Case, order: OperatorSwitch): void {
  const { monitor } = subject;
  const holders = work.holders[monitor.id];
  const waitMs = Math.min(ANNOUNCE_MAX_MS, Math.floor((holders?.holdMs ?? 0) * PATIENCE));
  if (waitMs === 0) {
    startPersonsSwitch(work, subject, "operator", order);
    return;
  }
  const { to, who, reason, idempotencyKey } = order;
  const dc = monitor.route.active;
  startChange(work, subject, {
    kind: "announce",
    to,
    announced: { waitMs, forMs: waitMs + ARRIVE_MS },
    flags: computeFlagsAfter(subject, false),
    because: (epoch) => because("operator-announce", { who, dc, to, epoch, waitMs }),
    principal: `operator:${who}`,
    idempotencyKey,
    reason,
    timeLine: [],
    eventType: "switch-announced",
  });
}

/**
 * Ends an announcement: all who hold have told that nothing is under way any more, or the time is over. The switch
 * follows in the same decision; if its target is not well by now, the announcement is taken back and nothing moves.
 *
 * @param work the work
 * @param monitorId the monitor
 */
export function endAnnouncement(work: Work, monitorId: string): void {
  const run = findMonitor(work.instance, monitorId)?.run;
  if (run?.kind !== "announce") return;
  const isDrained = (work.holders[monitorId]?.drainedEpoch ?? 0) >= run.epoch;
  if (!isDrained && work.now < computeAnnouncementEnd(run)) return;
  const found = findCase(work, monitorId);
  if (found === null) return;
  const subject = { ...found, monitor: { ...found.monitor, run: null } };
  const target = subject.planned.dataCentres.find((dc) => dc.name === run.to);
  const check = target === undefined ? null : checkCandidate(subject, target, "reports");
  if (check === null || !check.fit) {
    takeBack(work, subject, run, check?.why ?? because("data-centre-unknown", { dc: run.to }));
    return;
  }
  const words = isDrained
    ? "what was under way has ended"
    : `not everything under way has ended in ${run.announcedMs ?? 0} ms`;
  startPersonsSwitch(work, subject, "operator", {
    to: run.to,
    who: run.principal.replace(/^operator:/, ""),
    idempotencyKey: run.idempotencyKey ?? "",
    reason: run.reason ?? "",
    timeLine: [...run.timeLine, { mark: "drained", atMs: work.now, who: null, words }],
  });
}

function takeBack(work: Work, { monitor }: Case, run: SwitchRun, why: Because): void {
  const { dataCentres, phase, decidedBy } = monitor.route;
  const next = succeedQuietly(work, monitor, { dataCentres, phase, decidedBy, reason: why.text });
  tellBlocked(work, next, run, why);
}
