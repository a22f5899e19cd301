import type { AccessCommand, ArmCommand, CommandRefusal, SwitchCommand } from "@evenkeel/contracts/command";
import type { Because } from "@evenkeel/contracts/event";
import { because } from "@evenkeel/contracts/sentences";
import { computeFlags } from "../switching/route.ts";
import { ask, isAnswered } from "./asking.ts";
import { checkCandidate, computeHealthyForMs } from "./candidate.ts";
import type { ArbitrationEvent, Case, MonitorState, Reply, SwitchRun } from "./state.ts";
import { computeFlagsAfter, remember, startChange } from "./switching.ts";
import { answerCommand, findCase, listConnected, recordEvent, setMonitor, type Work } from "./work.ts";

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
  const { monitor } = subject;
  const before = monitor.remembered.find((entry) => entry.key === idempotencyKey);
  if (before !== undefined) {
    reply(before.reply);
    return;
  }
  if (!subject.planned.switchable) {
    reply(
      refuse(
        monitor.id,
        "not-switchable",
        because("not-switchable", { kind: subject.planned.kind }),
        monitor.route.epoch,
      ),
    );
    return;
  }
  const busy =
    event.order.type === "switch" ? joinOrRefuse(subject, event.order.command) : refuseWhileRunning(subject);
  if (busy !== null) {
    reply(busy);
    return;
  }
  if (expectedEpoch !== monitor.route.epoch) {
    const why = because("epoch-stale", { expected: expectedEpoch, epoch: monitor.route.epoch });
    reply(refuse(monitor.id, "state-changed", why, monitor.route.epoch));
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

function refuse(monitorId: string, code: CommandRefusal["code"], why: Because, epoch: number | null): Reply {
  return { ok: false, refusal: { monitorId, code, because: why, epoch } };
}

function unchanged(monitor: MonitorState, why: Because): Reply {
  const { epoch, decision, active } = monitor.route;
  return {
    ok: true,
    result: { monitorId: monitor.id, status: "unchanged", epoch, decision, active, because: why },
  };
}

/** One switch per monitor at a time: the same target joins it, another waits for its end. */
function joinOrRefuse(subject: Case, command: SwitchCommand): Reply | null {
  const { run } = subject.monitor;
  if (run === null) return null;
  if (run.to !== command.to || run.kind === "access") return refuseWhileRunning(subject);
  const { epoch, decision } = run;
  const result = {
    monitorId: subject.monitor.id,
    status: "joined" as const,
    epoch,
    decision,
    active: run.to,
  };
  return { ok: true, result: { ...result, because: because("joined", { to: run.to }) } };
}

function refuseWhileRunning(subject: Case): Reply | null {
  const { run, route, id } = subject.monitor;
  return run === null
    ? null
    : refuse(id, "switch-in-progress", because("switch-running", { to: run.to }), route.epoch);
}

function obeySwitch(work: Work, subject: Case, command: SwitchCommand, principal: string): void {
  const { monitor, planned } = subject;
  const reply = (answer: Reply) => answerCommand(work, monitor.id, command.idempotencyKey, answer, true);
  const epoch = monitor.route.epoch;
  if (!planned.dataCentres.some((dc) => dc.name === command.to)) {
    reply(refuse(monitor.id, "invalid-input", because("data-centre-unknown", { dc: command.to }), epoch));
    return;
  }
  if (command.to === monitor.route.active && monitor.fork === null) {
    reply(unchanged(monitor, because("already-there", { to: command.to })));
    return;
  }
  if (monitor.fork !== null && !command.force) {
    reply(refuse(monitor.id, "switch-blocked", because("ARB-04"), epoch));
    return;
  }
  if (listConnected(work.instance).length === 0) {
    reply(refuse(monitor.id, "no-agent", because("agents-none"), epoch));
    return;
  }
  if (command.force) {
    startOperatorSwitch(
      work,
      subject,
      command.to,
      "force",
      principal,
      command.idempotencyKey,
      command.reason ?? "",
    );
    return;
  }
  const question = ask(subject, work.newId("ask"));
  const who = principal;
  const run: SwitchRun = {
    kind: "operator",
    step: "precheck",
    from: monitor.route.active,
    to: command.to,
    epoch: 0,
    decision: "",
    because: because("operator-precheck", { who, dc: monitor.route.active, to: command.to }),
    principal,
    idempotencyKey: command.idempotencyKey,
    reason: command.reason ?? null,
    planVersion: work.instance.plan.version,
    startedAtMs: work.now,
    sentAtMs: work.now,
    stored: [],
    timeLine: [],
  };
  setMonitor(work, { ...monitor, run, asking: question.asking });
  work.effects.push(question.effect);
}

/**
 * Goes on with a switch that waits for its precheck, once its question is answered: it starts, or it is refused with
 * the first blocker.
 *
 * @param work the work
 * @param monitorId the monitor
 */
export function endPrecheck(work: Work, monitorId: string): void {
  const subject = findCase(work, monitorId);
  const run = subject?.monitor.run;
  const asking = subject?.monitor.asking;
  if (
    subject === null ||
    run == null ||
    asking == null ||
    run.step !== "precheck" ||
    !isAnswered(asking, subject)
  )
    return;
  const blocker = findBlocker(subject, run.to, asking.reachableStores);
  const free = { ...subject.monitor, run: null, asking: null };
  const key = run.idempotencyKey ?? "";
  if (blocker !== null) {
    setMonitor(work, free);
    recordEvent(work, {
      type: "switch-blocked",
      level: "major",
      because: blocker,
      monitorId,
      dataCentre: run.to,
    });
    answerCommand(work, monitorId, key, refuse(monitorId, "switch-blocked", blocker, free.route.epoch), true);
    return;
  }
  startOperatorSwitch(
    work,
    { ...subject, monitor: free },
    run.to,
    "operator",
    run.principal,
    key,
    run.reason ?? "",
  );
}

function findBlocker(subject: Case, to: string, stores: readonly string[]): Because | null {
  const target = subject.planned.dataCentres.find((dc) => dc.name === to);
  if (target === undefined) return because("data-centre-unknown", { dc: to });
  if (stores.length === 0) return because("store-none");
  const check = checkCandidate(subject, target, "answers");
  if (!check.fit) return check.why;
  const needMs = subject.instance.plan.settings.switchBackHealthMs;
  const forMs = computeHealthyForMs(subject, target);
  const isBack = to === subject.planned.home;
  if (!isBack || forMs >= needMs) return null;
  return because("home-not-proven", { to, forS: Math.floor(forMs / 1000), needS: Math.ceil(needMs / 1000) });
}

function startOperatorSwitch(
  work: Work,
  subject: Case,
  to: string,
  kind: "operator" | "force",
  who: string,
  idempotencyKey: string,
  reason: string,
): void {
  const dc = subject.monitor.route.active;
  startChange(work, subject, {
    kind,
    to,
    flags: computeFlagsAfter(subject, kind === "force"),
    because: (epoch) =>
      because(kind === "force" ? "operator-force" : "operator-switch", { who, dc, to, epoch, reason }),
    // Applications let calls of a planned switch finish; a forced one, like an automatic one, rejects them at once.
    principal: `${kind}:${who}`,
    idempotencyKey,
    timeLine: [],
  });
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
    reply(unchanged(monitor, because("access-unchanged", { dc })));
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
  const reply = (answer: Reply) => answerCommand(work, monitor.id, command.idempotencyKey, answer, true);
  if (monitor.route.active !== planned.home) {
    const why = because("ARB-11", { dc: monitor.route.active });
    reply(refuse(monitor.id, "switch-blocked", why, monitor.route.epoch));
    return;
  }
  const why = because("operator-arm", { who, reason: command.reason });
  const answer = unchanged(monitor, why);
  setMonitor(work, remember({ ...monitor, armed: true, rearmAtMs: null }, command.idempotencyKey, answer));
  recordEvent(work, { type: "armed", level: "info", because: why, monitorId: monitor.id });
  reply(answer);
}
