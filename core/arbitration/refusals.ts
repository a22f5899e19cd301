import type { CommandRefusal } from "@evenkeel/contracts/command";
import type { Because } from "@evenkeel/contracts/event";
import { because } from "@evenkeel/contracts/sentences";
import type { Case, MonitorState, Reply } from "./state.ts";
import { listConnected } from "./work.ts";

/**
 * Makes the answer to a command that is refused.
 *
 * @param monitorId the monitor
 * @param code one of contracts/errors.ts
 * @param why the reason, as a sentence
 * @param epoch the epoch that the route has now; null: there is none
 */
export function refuse(
  monitorId: string,
  code: CommandRefusal["code"],
  why: Because,
  epoch: number | null,
): Reply {
  return { ok: false, refusal: { monitorId, code, because: why, epoch } };
}

/**
 * Makes the answer to a command that has nothing to do.
 *
 * @param monitor the monitor's row
 * @param why the reason, as a sentence
 */
export function leaveUnchanged(monitor: MonitorState, why: Because): Reply {
  const { epoch, decision, active } = monitor.route;
  return {
    ok: true,
    result: { monitorId: monitor.id, status: "unchanged", epoch, decision, active, because: why },
  };
}

/**
 * Refuses a command while a switch is running.
 *
 * @param subject the case
 * @returns the answer; null: nothing runs
 */
export function refuseWhileRunning({ monitor }: Pick<Case, "monitor">): Reply | null {
  const { run, route, id } = monitor;
  if (run === null) return null;
  return refuse(id, "switch-in-progress", because("switch-running", { to: run.to }), route.epoch);
}

/**
 * Refuses a command that was given on an epoch that is no longer the present one.
 *
 * @param subject the case
 * @param expected the epoch that the caller saw
 * @returns the answer; null: it is the present one
 */
export function refuseStale({ monitor }: Pick<Case, "monitor">, expected: number): Reply | null {
  const { epoch } = monitor.route;
  if (expected === epoch) return null;
  return refuse(monitor.id, "state-changed", because("epoch-stale", { expected, epoch }), epoch);
}

/**
 * Settles what needs no look at the target's health: an order that is impossible, forbidden or already fulfilled.
 *
 * @param subject the case; nothing runs and the epoch is the present one
 * @param to where it is to switch
 * @param force whether a suspected split brain may be decided by it
 * @returns the answer; null: it may go on
 */
export function settleAtOnce(subject: Case, to: string, force: boolean): Reply | null {
  const { monitor, planned, instance } = subject;
  const { epoch } = monitor.route;
  if (!planned.switchable) {
    const why = because("not-switchable", { kind: planned.kind });
    return refuse(monitor.id, "not-switchable", why, epoch);
  }
  if (!planned.dataCentres.some((dc) => dc.name === to)) {
    return refuse(monitor.id, "invalid-input", because("data-centre-unknown", { dc: to }), epoch);
  }
  if (to === monitor.route.active && monitor.fork === null) {
    return leaveUnchanged(monitor, because("already-there", { to }));
  }
  if (monitor.fork !== null && !force) {
    return refuse(monitor.id, "switch-blocked", because("ARB-04"), epoch);
  }
  if (listConnected(instance).length === 0) {
    return refuse(monitor.id, "no-agent", because("agents-none"), epoch);
  }
  return null;
}
