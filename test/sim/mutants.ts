/** A mistake that somebody could make: a text in a source file and what it becomes. */
export interface Mutant {
  readonly id: string;
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  readonly why: string;
}

/** Mistakes that the simulator has to notice. */
export const MUTANTS: readonly Mutant[] = [
  {
    id: "ill-ignored",
    file: "core/health/vote.ts",
    find: "  if (condition.ill) return ILL;\n",
    replace: "",
    why: "An observer that doubts itself votes like any other.",
  },
  {
    id: "unknown-is-down",
    file: "core/health/vote.ts",
    find: "strongest ?? (absenceCounts ? SILENT : ABSENT)",
    replace: 'strongest ?? { vote: "down", by: "timeout" }',
    why: "Whoever is not heard counts as a vote for down.",
  },
  {
    id: "blind-ignored",
    file: "core/health/vote.ts",
    find: "  if (condition.blinded || !observation.sawUp) return BLIND;\n",
    replace: "",
    why: "An observer that never saw the target up calls it down.",
  },
  {
    id: "up-ignored",
    file: "core/health/verdict.ts",
    find: "if (isHeard) return",
    replace: "if (isHeard && downSites.length === 0) return",
    why: "A site that hears the target forbids nothing.",
  },
  {
    id: "one-domain",
    file: "core/health/verdict.ts",
    find: "DOMAINS_NEEDED = 2",
    replace: "DOMAINS_NEEDED = 1",
    why: "One failure domain is enough.",
  },
  {
    id: "config-is-failure",
    file: "core/health/track.ts",
    find: 'return verdict === "down" || (verdict !== "config" && failOn.includes(verdict));',
    replace: 'return verdict !== "up" || failOn.length > 9;',
    why: "An answer that refuses us counts as failure.",
  },
  {
    id: "age-of-last-probe",
    file: "core/health/track.ts",
    find: "const sinceMs = before?.sinceMs ?? probe.startedAtMs;",
    replace: "const sinceMs = probe.startedAtMs;",
    why: "A run of failures begins anew with each probe.",
  },
  {
    id: "age-not-told",
    file: "core/health/track.ts",
    find: "Math.max(0, Math.round(nowMs - sinceMs))",
    replace: "Math.min(0, Math.round(nowMs - sinceMs))",
    why: "Ages are not measured when a report is sent.",
  },
  {
    id: "no-confirmation",
    file: "core/arbitration/rules.ts",
    find: 'when: { confirmation: "none" }, outcome: "ask"',
    replace: 'when: { confirmation: "none" }, outcome: "switch"',
    why: "Reports alone move a route.",
  },
  {
    id: "arming-ignored",
    file: "core/arbitration/rules.ts",
    find: 'when: { armed: "no" }',
    replace: 'when: { armed: "no", mode: "hold" }',
    why: "A disarmed monitor switches automatically.",
  },
  {
    id: "disarm-forgotten",
    file: "core/arbitration/switching.ts",
    find: "return { armed: false, rearmAtMs: null, automaticAtMs",
    replace: "return { armed: true, rearmAtMs: null, automaticAtMs",
    why: "An automatic switch leaves the monitor armed.",
  },
  {
    id: "same-epoch",
    file: "core/arbitration/switching.ts",
    find: "monitor.fork?.epoch ?? 0) + 1;",
    replace: "monitor.fork?.epoch ?? 0);",
    why: "A change keeps the epoch.",
  },
  {
    id: "readable-not-cleared",
    file: "core/arbitration/switching.ts",
    find: "flags[left] = { ...old, readable: false };",
    replace: "flags[left] = { ...old };",
    why: "The side that was left stays readable.",
  },
  {
    id: "no-descent",
    file: "core/switching/route.ts",
    find: "after: before.decision,",
    replace: "after: before.after,",
    why: "A route does not name the decision that it replaces.",
  },
  {
    id: "no-epoch-check",
    file: "core/arbitration/refusals.ts",
    find: "if (expected === epoch) return null;",
    replace: "if (expected <= epoch) return null;",
    why: "A command by an old picture is obeyed.",
  },
  {
    id: "candidate-unproven",
    file: "core/arbitration/candidate.ts",
    find: '(observation) => observation.judgement.verdict === "up" && observation.failing === null,',
    replace: "(observation) => observation.ageMs >= 0,",
    why: "A dead candidate is switched to.",
  },
  {
    id: "two-runners",
    file: "core/arbitration/commands.ts",
    find: "joined ?? refuseWhileRunning(subject) ?? refuseStale",
    replace: "joined ?? refuseStale",
    why: "A second change begins while one is under way.",
  },
  {
    id: "ancestors-ignored",
    file: "core/switching/lineage.ts",
    find: 'return ancestors.includes(stored.decision) ? "behind" : "fork";',
    replace: 'return ancestors.length > 99 ? "behind" : "fork";',
    why: "A store that is merely behind looks like a fork.",
  },
  {
    id: "route-not-sent",
    file: "core/arbitration/held-routes.ts",
    find: "  work.writes.set(monitor.id, renderRouteWrite(monitor));\n",
    replace: "",
    why: "A decided route is never sent.",
  },
  {
    id: "newer-overwritten",
    file: "agents/stores/write-route.ts",
    find: "return { result: lineage, stored };",
    replace: "return null;",
    why: "An agent overwrites a newer or foreign route.",
  },
  {
    id: "effect-before-store",
    file: "durable-objects/instance/arbiter.ts",
    find: "if (!canWait) ports.memory.store(",
    replace: "connections.act(decision.effects);\n    if (!canWait) ports.memory.store(",
    why: "Frames go out before the transaction.",
  },
  {
    id: "decision-not-stored",
    file: "durable-objects/instance/arbiter.ts",
    find: 'const canWait = event.type === "answer" && decision.effects.length === 0;',
    replace: 'const canWait = event.type === "answer";',
    why: "The decision that an answer brings is stored later.",
  },
  {
    id: "older-route-followed",
    file: "sdk/route/accept-route.ts",
    find: 'if (incoming.epoch < current.epoch) return "older";',
    replace: 'if (incoming.epoch < current.epoch) return "follow";',
    why: "An SDK follows a lower epoch.",
  },
  {
    id: "equal-epoch-followed",
    file: "sdk/route/route-follower.ts",
    find: 'if (acceptance !== "follow") return false;',
    replace: 'if (acceptance === "older") return false;',
    why: "An SDK follows a second decision under the same epoch.",
  },
  {
    id: "refuted-agreed",
    file: "core/arbitration/facts.ts",
    find: 'if (sight.verdict.verdict === "up") return "refuted";',
    replace: 'if (sight.verdict.verdict === "up") return "agreed";',
    why: "An answer that hears the target does not stop the switch.",
  },
  {
    id: "report-forgotten",
    file: "agents/edge/reporter.ts",
    find: "repeat = clock.after(REPORT_REPEAT_MS, send);",
    replace: "repeat = clock.after(REPORT_REPEAT_MS, clearTimers);",
    why: "A report that is not acknowledged is not repeated.",
  },
  {
    id: "stage-not-told",
    file: "agents/probing/target-prober.ts",
    find: "if (!differs(this.#told, now)) return;",
    replace: "if (this.#told.judgement?.verdict === now.judgement?.verdict) return;",
    why: "Nobody is told that the run of failures reached the monitor timeout.",
  },
];
