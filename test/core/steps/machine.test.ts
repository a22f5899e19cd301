import {
  advance,
  beginSteps,
  computeStepDeadline,
  type StepDefinition,
  type StepPosition,
  type StepSight,
} from "@evenkeel/core/steps/machine";
import { describe, expect, it } from "vitest";

const STEPS: readonly StepDefinition[] = [
  { id: "ask", by: "nobody", repeatMs: 100 },
  { id: "fence", by: "one", repeatMs: 1000 },
  { id: "write", by: "everyone", repeatMs: 500 },
];

/** Looks at steps by hand: those named are done, the rest waits. */
function at(now: number, done: readonly string[], available: readonly string[] = ["a1", "a2"]) {
  const look = (step: string): StepSight => ({ at: done.includes(step) ? "done" : "waiting" });
  return { now, available, look };
}

function position(step: string, actedAtMs: number | null = null, runner: string | null = null): StepPosition {
  return { step, actedAtMs, runner };
}

describe("the step machine [SAFE-7]", () => {
  it("waits in a step that nobody acts in", () => {
    expect(advance(STEPS, beginSteps(STEPS), at(5, []))).toEqual({
      outcome: "waiting",
      position: position("ask"),
      act: false,
    });
  });

  it("passes steps that are done and acts once in the next one", () => {
    const first = advance(STEPS, beginSteps(STEPS), at(5, ["ask"]));
    expect(first).toEqual({ outcome: "waiting", position: position("fence", 5, "a1"), act: true });
    expect(advance(STEPS, first.position, at(6, ["ask"]))).toMatchObject({ act: false });
  });

  it("begins nothing anew when a look back finds an earlier step undone: it goes on from where it was stored", () => {
    expect(advance(STEPS, position("write", 5), at(6, []))).toEqual({
      outcome: "waiting",
      position: position("write", 5),
      act: false,
    });
  });

  it("ends after the last step", () => {
    expect(advance(STEPS, position("write", 5), at(6, ["write"]))).toMatchObject({ outcome: "ended" });
  });

  it("stops where a step has failed", () => {
    const look = (): StepSight => ({ at: "failed" });
    const here = position("fence", 1, "a1");
    const outcome = advance(STEPS, here, { now: 2, available: ["a1"], look });
    expect(outcome).toEqual({ outcome: "failed", position: here });
  });

  it("repeats an act of everyone after its time", () => {
    expect(advance(STEPS, position("write", 5), at(504, []))).toMatchObject({ act: false });
    expect(advance(STEPS, position("write", 5), at(505, []))).toEqual({
      outcome: "waiting",
      position: position("write", 505),
      act: true,
    });
  });

  it("is taken over by another agent when the runner is gone, at once", () => {
    const outcome = advance(STEPS, position("fence", 5, "a1"), at(6, [], ["a2"]));
    expect(outcome).toEqual({ outcome: "waiting", position: position("fence", 6, "a2"), act: true });
  });

  it("is taken over by another agent when the runner is there and does not come to an end", () => {
    const outcome = advance(STEPS, position("fence", 5, "a1"), at(1005, []));
    expect(outcome).toEqual({ outcome: "waiting", position: position("fence", 1005, "a2"), act: true });
  });

  it("is tried again by the same agent when there is no other", () => {
    const outcome = advance(STEPS, position("fence", 5, "a1"), at(1005, [], ["a1"]));
    expect(outcome).toMatchObject({ position: position("fence", 1005, "a1"), act: true });
  });

  it("never has two runners: whoever is not chosen is not told", () => {
    const { position: chosen } = advance(STEPS, position("fence"), at(5, [], ["a1", "a2", "a3"]));
    expect(chosen.runner).toBe("a1");
  });

  it.each(["fence", "write"])("is stranded in %s while no agent can act, and keeps its place", (step) => {
    const here = position(step, 5, step === "fence" ? "a1" : null);
    expect(advance(STEPS, here, at(9000, [], []))).toEqual({ outcome: "stranded", position: here });
  });

  it("does nothing in a step that this version does not know", () => {
    const here = position("promote", 5);
    expect(advance(STEPS, here, at(9000, ["promote"]))).toEqual({ outcome: "unknown-step", position: here });
    expect(computeStepDeadline(STEPS, here, ["a1"])).toBeNull();
  });

  it("asks to be looked at again when an act is to be repeated", () => {
    expect(computeStepDeadline(STEPS, position("write", 5), ["a1"])).toBe(505);
    expect(computeStepDeadline(STEPS, position("write"), ["a1"])).toBeNull();
    expect(computeStepDeadline(STEPS, position("ask", 5), ["a1"])).toBeNull();
  });

  it("asks for nothing while nobody can act: the next agent that comes is an event of its own", () => {
    expect(computeStepDeadline(STEPS, position("write", 5), [])).toBeNull();
  });

  it("refuses an empty list", () => {
    expect(() => beginSteps([])).toThrow("at least one");
  });
});
