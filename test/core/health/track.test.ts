import { type Judgement, Observation, type ProbeReason, type Verdict } from "@evenkeel/contracts/observation";
import {
  addProbe,
  computeNextProbeAt,
  computeRunStage,
  computeTimeoutAt,
  createTrack,
  type EndedProbe,
  isFailure,
  mayLockAccount,
  noteFreshLogin,
  renderObservation,
  type TargetTrack,
  type TrackRules,
} from "@evenkeel/core/health/track";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TIMING } from "../arbitration/world.ts";

const IDENTITY = { monitorId: "mon_orders1", dataCentre: "dc1" };
const RULES: TrackRules = { timing: TIMING, failOn: [] };
const FAST: TrackRules = { timing: { ...TIMING, fastRefuse: true }, failOn: [] };

const judge = (verdict: Verdict, reason: ProbeReason): Judgement => ({ verdict, reason, words: "w" });
const UP = judge("up", "ok");
const REFUSED = judge("down", "refused");
const HUNG = judge("down", "timed-out");
const DENIED = judge("config", "auth-failed");

/** A probe that began at this moment and took 10 ms. */
const probe = (startedAtMs: number, judgement: Judgement, fresh = false): EndedProbe => ({
  startedAtMs,
  endedAtMs: startedAtMs + 10,
  judgement,
  fresh,
});

function follow(probes: readonly EndedProbe[], rules = RULES): TargetTrack {
  return probes.reduce((track, one) => addProbe(track, one, rules), createTrack(3));
}

describe("what counts as failure", () => {
  it.each(["degraded", "read_only"] as const)(
    "[SAFE-5] %s is a failure only if the monitor says so",
    (verdict) => {
      expect(isFailure(verdict, [])).toBe(false);
      expect(isFailure(verdict, [verdict])).toBe(true);
    },
  );

  it("[SAFE-5] an answer that refuses us is never a failure, whatever the policy names", () => {
    expect(isFailure("config", ["config", "degraded", "read_only"])).toBe(false);
    expect(isFailure("down", [])).toBe(true);
  });
});

describe("a run of failures", () => {
  it("[SAFE-10] begins when its first failing probe began, not when that probe ended", () => {
    const track = follow([probe(1000, UP), probe(1200, HUNG), probe(1400, HUNG)]);
    expect(renderObservation(IDENTITY, track, 2000)?.failing).toMatchObject({ ageMs: 800, probes: 2 });
    expect(computeTimeoutAt(track, RULES)).toBe(1200 + TIMING.monitorTimeoutMs);
  });

  it("ends with the first success when one success is enough, and its health counts from that probe", () => {
    const track = follow([probe(0, HUNG), probe(200, UP), probe(400, UP)]);
    expect(renderObservation(IDENTITY, track, 1000)).toMatchObject({ failing: null, healthyForMs: 800 });
  });

  it("goes on through fewer successes than the healthy threshold asks for", () => {
    const rules = { ...RULES, timing: { ...TIMING, healthyThreshold: 3 } };
    const flapping = [probe(0, HUNG), probe(200, UP), probe(400, UP), probe(600, HUNG), probe(800, UP)];
    const seen = renderObservation(IDENTITY, follow(flapping, rules), 1000);
    expect(seen).toMatchObject({ failing: { ageMs: 1000, probes: 2 }, healthyForMs: null });
    const recovered = follow([...flapping, probe(1000, UP), probe(1200, UP)], rules);
    expect(renderObservation(IDENTITY, recovered, 1300)).toMatchObject({ failing: null, healthyForMs: 100 });
  });

  it("is timed out only with the age and the probes that the monitor asks for", () => {
    const one = follow([probe(0, HUNG)]);
    const two = follow([probe(0, HUNG), probe(200, HUNG)]);
    expect(computeRunStage(createTrack(1), RULES, 5000)).toBe("none");
    expect(computeRunStage(one, RULES, 5000)).toBe("failing");
    expect(computeRunStage(two, RULES, TIMING.monitorTimeoutMs - 1)).toBe("failing");
    expect(computeRunStage(two, RULES, TIMING.monitorTimeoutMs)).toBe("timed-out");
  });
});

describe("refusals", () => {
  const runOf = (probes: readonly EndedProbe[], rules = FAST) => follow(probes, rules).failing?.refusals;

  it("count once when they follow each other faster than their spacing", () => {
    expect(runOf([probe(0, REFUSED), probe(49, REFUSED)])).toBe(1);
    expect(runOf([probe(0, REFUSED), probe(50, REFUSED)])).toBe(2);
    // The spacing is measured from the last one that counted, so that a fast stream still adds up.
    expect(runOf([probe(0, REFUSED), probe(30, REFUSED), probe(60, REFUSED)])).toBe(2);
  });

  it("must be in a row: another failure in between begins them anew", () => {
    expect(runOf([probe(0, REFUSED), probe(100, REFUSED), probe(200, HUNG)])).toBe(0);
    expect(runOf([probe(0, REFUSED), probe(100, HUNG), probe(200, REFUSED)])).toBe(1);
  });

  it("must be in a row: an answer in between begins them anew, even when it does not end the run", () => {
    const rules = { ...FAST, timing: { ...FAST.timing, healthyThreshold: 2 } };
    const run = [probe(0, REFUSED), probe(100, REFUSED), probe(200, UP), probe(300, REFUSED)];
    expect(runOf(run, rules)).toBe(1);
    expect(computeRunStage(follow(run, rules), rules, 310)).toBe("failing");
    // Nor is an answer a reason to ask faster than the interval.
    const answered = follow(run.slice(0, 3), rules);
    const times = { startedAtMs: 200, nowMs: 210, turnMs: 200 };
    expect(computeNextProbeAt(answered, rules, times)).toBe(200 + TIMING.retryIntervalMs);
  });

  it("decide before the monitor timeout only where the monitor asks for it", () => {
    const run = [probe(0, REFUSED), probe(100, REFUSED), probe(200, REFUSED)];
    expect(computeRunStage(follow(run, FAST), FAST, 210)).toBe("refused");
    expect(computeRunStage(follow(run), RULES, 210)).toBe("failing");
  });
});

describe("the next probe", () => {
  const nextAfter = (probes: readonly EndedProbe[], rules: TrackRules) => {
    const last = probes.at(-1);
    if (last === undefined) throw new Error("a probe is needed");
    const { startedAtMs, endedAtMs } = last;
    const times = { startedAtMs, nowMs: endedAtMs, turnMs: startedAtMs };
    return computeNextProbeAt(follow(probes, rules), rules, times);
  };

  it("begins at the target's next turn, and skips turns that a slow one has missed", () => {
    const interval = TIMING.retryIntervalMs;
    expect(nextAfter([probe(1000, UP)], RULES)).toBe(1000 + interval);
    const slow = { startedAtMs: 0, endedAtMs: interval * 2.5, judgement: UP, fresh: false };
    expect(nextAfter([slow], RULES)).toBe(interval * 3);
  });

  it("begins at once after one that lasted an interval, as a hang of that access timeout does", () => {
    const interval = TIMING.retryIntervalMs;
    const hung = { startedAtMs: 0, endedAtMs: interval + 2, judgement: HUNG, fresh: false };
    expect(nextAfter([hung], RULES)).toBe(interval + 2);
  });

  it("out of turn, or late, does not move the turns that follow", () => {
    const interval = TIMING.retryIntervalMs;
    for (const startedAtMs of [1, 0.3 * interval, 0.9 * interval]) {
      const times = { startedAtMs, nowMs: startedAtMs + 1, turnMs: 0 };
      expect(computeNextProbeAt(follow([probe(startedAtMs, UP)]), RULES, times)).toBe(interval);
    }
    const justBefore = { startedAtMs: 0.99 * interval, nowMs: interval, turnMs: 0 };
    expect(computeNextProbeAt(follow([probe(0, UP)]), RULES, justBefore)).toBe(2 * interval);
  });

  it("confirms a refusal as soon as another one would count, and not faster once there are enough", () => {
    const refusals = [probe(1000, REFUSED), probe(1060, REFUSED), probe(1120, REFUSED)];
    expect(nextAfter(refusals.slice(0, 1), FAST)).toBe(1010 + 50);
    expect(nextAfter(refusals.slice(0, 2), FAST)).toBe(1070 + 50);
    expect(nextAfter(refusals, FAST)).toBe(1120 + TIMING.retryIntervalMs);
    expect(nextAfter(refusals.slice(0, 1), RULES)).toBe(1000 + TIMING.retryIntervalMs);
  });

  it.each(["auth-failed", "permission-denied", "unknown-database", "no-credentials"] as const)(
    "[SAFE-5] is a minute away after %s, so that the account is not locked",
    (reason) => {
      const denied = [probe(1000, judge("config", reason))];
      expect(mayLockAccount(follow(denied))).toBe(true);
      expect(nextAfter(denied, FAST)).toBe(61_000);
      const rare = { ...RULES, timing: { ...TIMING, retryIntervalMs: 90_000 } };
      expect(nextAfter(denied, rare)).toBe(91_000);
    },
  );

  it("[SAFE-5] comes at the usual pace once the account is let in", () => {
    expect(nextAfter([probe(0, DENIED), probe(60_000, UP)], RULES)).toBe(60_000 + TIMING.retryIntervalMs);
  });
});

describe("what is told", () => {
  it("is nothing before the first probe has ended", () => {
    expect(renderObservation(IDENTITY, createTrack(1), 100)).toBeNull();
  });

  it("[SAFE-2] an observer that is refused has not seen the target up", () => {
    expect(follow([probe(0, DENIED)]).sawUp).toBe(false);
    expect(follow([probe(0, HUNG)]).sawUp).toBe(false);
    expect(follow([probe(0, UP), probe(200, DENIED)]).sawUp).toBe(true);
    expect(follow([probe(0, judge("degraded", "saturated"))]).sawUp).toBe(true);
  });

  it("[SAFE-8] unbroken health ends with a refused account", () => {
    expect(follow([probe(0, UP), probe(200, DENIED)]).healthySinceMs).toBeNull();
    expect(follow([probe(0, UP), probe(200, DENIED), probe(400, UP)]).healthySinceMs).toBe(400);
  });

  it("[SAFE-8] only a new session that is let in counts as a fresh login", () => {
    expect(follow([probe(0, UP)]).freshLoginAtMs).toBeNull();
    expect(follow([probe(0, DENIED, true)]).freshLoginAtMs).toBeNull();
    expect(follow([probe(0, judge("degraded", "saturated"), true)]).freshLoginAtMs).toBeNull();
    expect(follow([probe(0, UP, true), probe(200, UP)]).freshLoginAtMs).toBe(10);
    expect(noteFreshLogin(follow([probe(0, UP, true)]), 500).freshLoginAtMs).toBe(500);
  });
});

const anyJudgement = fc.constantFrom(
  UP,
  REFUSED,
  HUNG,
  DENIED,
  judge("down", "closed"),
  judge("degraded", "lagging"),
  judge("read_only", "read-only"),
);
const anyStep = fc.record({
  judgement: anyJudgement,
  pauseMs: fc.double({ min: 0, max: 2000, noNaN: true }),
  tookMs: fc.double({ min: 0, max: 500, noNaN: true }),
  fresh: fc.boolean(),
});
const anyRules = fc.record({
  timing: fc.record({
    retryIntervalMs: fc.integer({ min: 100, max: 30_000 }),
    monitorTimeoutMs: fc.integer({ min: 300, max: 5000 }),
    accessTimeoutMs: fc.constant(200),
    healthPrecision: fc.constant(1 as const),
    healthyThreshold: fc.integer({ min: 1, max: 5 }),
    unhealthyThreshold: fc.integer({ min: 2, max: 10 }),
    fastRefuse: fc.boolean(),
  }),
  failOn: fc.subarray(["degraded", "read_only"] as const),
});
/** A course of probes, each of which begins after the one before has ended. */
const anyCourse = fc.tuple(anyRules, fc.array(anyStep, { minLength: 1, maxLength: 30 }));

type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never;

/** Runs a course; `visit` sees each track with the one before and the probe between them. */
function runCourse(
  rules: TrackRules,
  steps: readonly Step[],
  visit: (before: TargetTrack, ended: EndedProbe, after: TargetTrack) => void,
): void {
  let track = createTrack(1);
  let nowMs = 5000;
  for (const step of steps) {
    const startedAtMs = nowMs + step.pauseMs;
    const endedAtMs = startedAtMs + step.tookMs;
    const ended = { startedAtMs, endedAtMs, judgement: step.judgement, fresh: step.fresh };
    const after = addProbe(track, ended, rules);
    visit(track, ended, after);
    track = after;
    nowMs = endedAtMs;
  }
}

describe("over any course of probes", () => {
  it("[SAFE-10] ages are whole and never negative, and the observation fits the protocol", () => {
    fc.assert(
      fc.property(anyCourse, fc.double({ min: -5, max: 5000, noNaN: true }), ([rules, steps], laterMs) => {
        runCourse(rules, steps, (_before, ended, after) => {
          const seen = renderObservation(IDENTITY, after, ended.endedAtMs + laterMs);
          expect(Observation.safeParse(seen).error).toBeUndefined();
        });
      }),
    );
  });

  it("a run keeps its beginning and gains a probe with each failure, until enough successes end it", () => {
    fc.assert(
      fc.property(anyCourse, ([rules, steps]) => {
        let inARow = 0;
        runCourse(rules, steps, (before, ended, after) => {
          const failed = isFailure(ended.judgement.verdict, rules.failOn);
          inARow = failed ? 0 : inARow + 1;
          const run = before.failing;
          if (failed) {
            expect(after.failing?.sinceMs).toBe(run?.sinceMs ?? ended.startedAtMs);
            expect(after.failing?.probes).toBe((run?.probes ?? 0) + 1);
          } else if (run !== null && inARow < rules.timing.healthyThreshold) {
            expect(after.failing).toMatchObject({ sinceMs: run.sinceMs, probes: run.probes, refusals: 0 });
          } else {
            expect(after.failing).toBeNull();
          }
        });
      }),
    );
  });

  it("[SAFE-2] once seen up stays seen up, and a run never counts as healthy", () => {
    fc.assert(
      fc.property(anyCourse, ([rules, steps]) => {
        runCourse(rules, steps, (before, _ended, after) => {
          if (before.sawUp) expect(after.sawUp).toBe(true);
          if (after.failing !== null) expect(after.healthySinceMs).toBeNull();
          if (after.healthySinceMs !== null) expect(after.sawUp).toBe(true);
        });
      }),
    );
  });

  it("the next probe is never in the past and never further away than the interval or a minute", () => {
    fc.assert(
      fc.property(anyCourse, ([rules, steps]) => {
        runCourse(rules, steps, (_before, ended, after) => {
          const { startedAtMs, endedAtMs: nowMs } = ended;
          const nextMs = computeNextProbeAt(after, rules, { startedAtMs, nowMs, turnMs: startedAtMs - 7 });
          expect(nextMs).toBeGreaterThanOrEqual(ended.endedAtMs);
          const longestMs = Math.max(
            rules.timing.retryIntervalMs * 1.05,
            mayLockAccount(after) ? 60_000 : 50,
          );
          expect(nextMs).toBeLessThanOrEqual(ended.endedAtMs + longestMs);
        });
      }),
    );
  });
});
