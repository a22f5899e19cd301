import type { Observation, Verdict } from "@evenkeel/contracts/observation";
import type { PlannedMonitor } from "@evenkeel/contracts/plan";
import { type AgentVote, combineSiteVote, computeAgentVote } from "@evenkeel/core/health/vote";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  down,
  failHome,
  makePlan,
  settle,
  startWorld,
  TIMING,
  up,
  type WorldOptions,
} from "../arbitration/world.ts";

const SOUND = { ill: false, blinded: false };

function planned(options: WorldOptions = {}): PlannedMonitor {
  const [monitor] = makePlan(options).monitors;
  if (monitor === undefined) throw new Error("the plan has a monitor");
  return monitor;
}

const PLANNED = planned();
const FAST = planned({ timing: { fastRefuse: true } });

const voteOf = (observation: Observation | undefined, condition = SOUND, monitor = PLANNED) =>
  computeAgentVote(observation, condition, monitor, 1);

const judgedAs = (verdict: Verdict, change: Partial<Observation> = {}) =>
  up("dc1", { judgement: { verdict, reason: "ok", words: "" }, ...change });

describe("one observer's vote", () => {
  it("[SAFE-5] a target that refuses our account is up", () => {
    expect(voteOf(judgedAs("config", { sawUp: false, healthyForMs: null }))).toEqual({
      vote: "up",
      by: null,
    });
  });

  it.each(["bad-settings", "no-credentials", "name-not-found"] as const)(
    "[SAFE-2] an observer that could not even ask (%s) is blind: it has heard no life that forbids a switch",
    (reason) => {
      const unasked = up("dc1", { judgement: { verdict: "config", reason, words: "" }, healthyForMs: null });
      expect(voteOf(unasked)).toEqual({ vote: "blind", by: null });
      expect(voteOf(unasked, { ill: true, blinded: true }).vote).toBe("blind");
    },
  );

  it.each(["auth-failed", "permission-denied", "unknown-database", "tls-failed"] as const)(
    "[SAFE-5] %s is an answer, and an answer is life, even to an observer that never was let in",
    (reason) => {
      const judgement = { verdict: "config" as const, reason, words: "" };
      expect(voteOf(up("dc1", { judgement, sawUp: false, healthyForMs: null }))).toEqual({
        vote: "up",
        by: null,
      });
    },
  );

  it.each(["degraded", "read_only"] as const)(
    "[SAFE-5] %s is up, and down only by the monitor's policy held for the monitor timeout",
    (verdict) => {
      const failing = { ageMs: TIMING.monitorTimeoutMs, probes: 2, refusals: 0 };
      expect(voteOf(judgedAs(verdict, { failing })).vote).toBe("up");
      const strict = planned({ monitor: { failOn: [verdict] } });
      expect(voteOf(judgedAs(verdict, { failing }), SOUND, strict)).toEqual({ vote: "down", by: "timeout" });
      const young = { ...failing, ageMs: TIMING.monitorTimeoutMs - 1 };
      expect(voteOf(judgedAs(verdict, { failing: young }), SOUND, strict).vote).toBe("failing");
    },
  );

  it("is failing until the run has the age and the probes, then down by the timeout", () => {
    const run = (ageMs: number, probes: number) =>
      down("dc1", ageMs, { failing: { ageMs, probes, refusals: 0 } });
    expect(voteOf(run(999, 5)).vote).toBe("failing");
    expect(voteOf(run(1000, 1)).vote).toBe("failing");
    expect(voteOf(run(1000, 2))).toEqual({ vote: "down", by: "timeout" });
  });

  it("is down by three refusals only where the monitor asks for it", () => {
    const run = (refusals: number) => down("dc1", 100, { failing: { ageMs: 100, probes: 9, refusals } });
    expect(voteOf(run(3)).vote).toBe("failing");
    expect(voteOf(run(2), SOUND, FAST).vote).toBe("failing");
    expect(voteOf(run(3), SOUND, FAST)).toEqual({ vote: "down", by: "refusal" });
    const both = down("dc1", 1000, { failing: { ageMs: 1000, probes: 9, refusals: 3 } });
    expect(voteOf(both, SOUND, FAST)).toEqual({ vote: "down", by: "timeout" });
  });

  it("[SAFE-2] is blind without an observation, before it saw the target up, and once it was found blind", () => {
    expect(voteOf(undefined).vote).toBe("blind");
    expect(voteOf(down("dc1", 9000, { sawUp: false })).vote).toBe("blind");
    expect(voteOf(down("dc1", 9000), { ill: false, blinded: true }).vote).toBe("blind");
  });

  it("[SAFE-9] is blind with an observation of another target version, even one that says up", () => {
    expect(computeAgentVote(up("dc1"), SOUND, PLANNED, 2).vote).toBe("blind");
    expect(computeAgentVote(down("dc1", 9000), SOUND, PLANNED, 2).vote).toBe("blind");
  });

  it("[SAFE-2] an ill observer's failures say nothing, but what it hears answer is up", () => {
    expect(voteOf(down("dc1", 9000), { ill: true, blinded: false }).vote).toBe("ill");
    expect(voteOf(up("dc1"), { ill: true, blinded: true }).vote).toBe("up");
  });

  it("an answer is up before the healthy threshold has ended the run of failures", () => {
    const run = { ageMs: 9000, probes: 9, refusals: 9 };
    expect(voteOf(up("dc1", { failing: run, healthyForMs: null }), SOUND, FAST).vote).toBe("up");
  });
});

const vote = (name: AgentVote["vote"]): AgentVote => ({
  vote: name,
  by: name === "down" ? "timeout" : null,
});
const CAST = ["up", "down", "failing", "ill", "blind"] as const;

describe("an agent that could not ask", () => {
  it("[SAFE-2] does not hold up a switch: the agent was enrolled after the credentials were sealed", () => {
    const world = startWorld();
    settle(world);
    const judgement = {
      verdict: "config" as const,
      reason: "no-credentials" as const,
      words: "not sealed to it",
    };
    const unasked = { judgement, sawUp: false, healthyForMs: null, freshLoginAgeMs: null };
    world.connect("late", "s2");
    world.report("late", [up("dc1", unasked), up("dc2", unasked)]);
    failHome(world);
    world.answer("late", [up("dc1", unasked), up("dc2", unasked)]);
    expect(world.monitor().route.active).toBe("dc2");
  });
});

describe("a site's vote", () => {
  it("[SAFE-3] is silent when nobody is heard and that counts, otherwise absent", () => {
    expect(combineSiteVote([], true).vote).toBe("silent");
    expect(combineSiteVote([], false).vote).toBe("absent");
  });

  it("[SAFE-2] is up as soon as any of its agents says so, in whatever order they speak", () => {
    const others = fc.array(fc.constantFrom(...CAST).map(vote), { maxLength: 5 });
    fc.assert(
      fc.property(others, others, fc.boolean(), (before, after, counts) => {
        expect(combineSiteVote([...before, vote("up"), ...after], counts).vote).toBe("up");
      }),
    );
  });

  it("[SAFE-2] an ill or blind agent does not take away what a sound one of its site says", () => {
    for (const weak of ["ill", "blind"] as const) {
      expect(combineSiteVote([vote(weak), vote("down")], true)).toEqual({ vote: "down", by: "timeout" });
      expect(combineSiteVote([vote(weak), vote("failing")], true).vote).toBe("failing");
    }
    expect(combineSiteVote([vote("blind"), vote("ill")], true).vote).toBe("ill");
  });

  it("[SAFE-2] is down only if one of its agents says down", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...CAST).map(vote), { maxLength: 6 }), (votes) => {
        const site = combineSiteVote(votes, true);
        if (site.vote === "down") expect(votes.map((one) => one.vote)).toContain("down");
        expect(site.by).toBe(site.vote === "down" ? "timeout" : null);
      }),
    );
  });
});
