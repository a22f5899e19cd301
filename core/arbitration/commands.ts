import type { AccessCommand, ArmCommand, SwitchCommand } from "@evenkeel/contracts/command";
import { because } from "@evenkeel/contracts/sentences";
import { computeFlags } from "../switching/route.ts";
import { settleCommand } from "./finish.ts";
import { startPersonsSwitch } from "./persons-switch.ts";
import { beginPrecheck } from "./precheck.ts";
import { recordEvent } from "./record-event.ts";
import { leaveUnchanged, refuse, refuseStale, refuseWhileRunning, settleAtOnce } from "./refusals.ts";
import type { ArbitrationEvent, Case, Reply } from "./state.ts";
import { startChange } from "./switching.ts";
import { answerCommand, findCase, setMonitor, type Work } from "./work.ts";

type CommandEvent = Extract<ArbitrationEvent, { type: "command" }>;

/**
 * Carries out an operator's command, or refuses it with the reason [SAFE-7].
 *
 * @param work the work; the answer is left in its replies
 * @param event the command
 */
export function obey(work: Work, event: CommandEvent): void {
  const { idempotencyKey, expectedEpoch } = event.order.command;
  const reply = (answer: Reply) => answerCommand(work, event.monitorId, idempotencyKey, answer, true);
  const subject = findCase(work, event.monitorId);
  if (subject === null) {
    reply(
      refuse(event.monitorId, "not-found", because("monitor-unknown", { monitor: event.monitorId }), null),
    );
    return;
  }
  const { monitor, planned } = subject;
  const before = monitor.remembered.find((entry) => entry.key === idempotencyKey);
  if (before !== undefined) {
    reply(before.reply);
    return;
  }
  if (!planned.switchable) {
    const why = because("not-switchable", { kind: planned.kind });
    reply(refuse(monitor.id, "not-switchable", why, monitor.route.epoch));
    return;
  }
  const joined = event.order.type === "switch" ? join(subject, event.order.command) : null;
  const answer = joined ?? refuseWhileRunning(subject) ?? refuseStale(subject, expectedEpoch);
  if (answer !== null) {
    reply(answer);
    return;
  }
  switch (event.order.type) {
    case "switch":
      obeySwitch(work, subject, event.order.command, event.principal);
      return;
    case "access":
      obeyAccess(work, subject, event.order.command, event.principal);
      return;
    case "arm":
      obeyArm(work, subject, event.order.command, event.principal);
      return;
  }
}

/** One switch per monitor at a time: the same target joins it. */
function join(subject: Case, command: SwitchCommand): Reply | null {
  const { run, id } = subject.monitor;
  if (run === null || run.to !== command.to || run.kind === "access") return null;
  const { epoch, decision } = run;
  const why = because("joined", { to: run.to });
  return {
    ok: true,
    result: { monitorId: id, status: "joined", epoch, decision, active: run.to, because: why },
  };
}

function obeySwitch(work: Work, subject: Case, command: SwitchCommand, who: string): void {
  const { to, idempotencyKey, force, reason = "" } = command;
  const settled = settleAtOnce(subject, to, force);
  if (settled !== null) {
    answerCommand(work, subject.monitor.id, idempotencyKey, settled, true);
    return;
  }
  const order = { to, who, idempotencyKey, reason };
  if (force) startPersonsSwitch(work, subject, "force", order);
  else beginPrecheck(work, subject, order, null);
}

function obeyAccess(work: Work, subject: Case, command: AccessCommand, who: string): void {
  const { monitor, planned } = subject;
  const flags = computeFlags(planned, monitor.route.dataCentres);
  const now = flags[command.dataCentre];
  const { dataCentre: dc, readable, writable } = command;
  const reply = (answer: Reply) => answerCommand(work, monitor.id, command.idempotencyKey, answer, true);
  if (now === undefined) {
    reply(refuse(monitor.id, "invalid-input", because("data-centre-unknown", { dc }), monitor.route.epoch));
    return;
  }
  if (now.readable === readable && now.writable === writable) {
    reply(leaveUnchanged(monitor, because("access-unchanged", { dc })));
    return;
  }
  if (monitor.fork !== null) {
    reply(refuse(monitor.id, "switch-blocked", because("ARB-04"), monitor.route.epoch));
    return;
  }
  const params = { who, dc, readable: String(readable), writable: String(writable) };
  startChange(work, subject, {
    kind: "access",
    to: monitor.route.active,
    flags: { ...flags, [dc]: { readable, writable } },
    because: (epoch) => because("operator-access", { ...params, epoch }),
    principal: `operator:${who}`,
    idempotencyKey: command.idempotencyKey,
    timeLine: [],
  });
}

function obeyArm(work: Work, subject: Case, command: ArmCommand, who: string): void {
  const { monitor, planned } = subject;
  if (monitor.route.active !== planned.home) {
    const why = because("ARB-14", { dc: monitor.route.active });
    const refusal = refuse(monitor.id, "switch-blocked", why, monitor.route.epoch);
    answerCommand(work, monitor.id, command.idempotencyKey, refusal, true);
    return;
  }
  const why = because("operator-arm", { who, reason: command.reason });
  setMonitor(work, { ...monitor, armed: true, rearmAtMs: null });
  recordEvent(work, { type: "armed", level: "info", because: why, monitorId: monitor.id });
  settleCommand(work, monitor.id, command.idempotencyKey, leaveUnchanged(monitor, why), true);
}
