import { computeTargetState, type StateInput } from "@evenkeel/core/health/target-state";
import { describe, expect, it } from "vitest";

const NORMAL: StateInput = {
  monitored: true,
  storeReachable: true,
  verdict: "up",
  upVotes: 2,
  healthPrecision: 1,
  misconfigured: false,
  everUp: true,
  everProbed: true,
  failedLong: false,
};
const stateOf = (change: Partial<StateInput>) => computeTargetState({ ...NORMAL, ...change });

describe("the state of a data centre", () => {
  it("is paused when nobody is asked to look, whatever was known", () => {
    expect(stateOf({ monitored: false, storeReachable: false, verdict: "down" })).toBe("paused");
  });

  it("is unreachable without a route store, even while the target answers", () => {
    expect(stateOf({ storeReachable: false })).toBe("unreachable");
  });

  it("is init before anybody has probed it", () => {
    expect(stateOf({ everProbed: false, verdict: "unknown", everUp: false })).toBe("init");
  });

  it("[SAFE-5] an answer that refuses us is a misconfiguration", () => {
    expect(stateOf({ misconfigured: true, everUp: false })).toBe("misconfigured");
  });

  it("with precision 2, one site that hears it is abnormal", () => {
    expect(stateOf({ healthPrecision: 2, upVotes: 1 })).toBe("abnormal");
    expect(stateOf({ healthPrecision: 2, upVotes: 2 })).toBe("normal");
    expect(stateOf({ upVotes: 1 })).toBe("normal");
  });

  it("[SAFE-9] a target that was never up fails its initialisation once it has failed for the monitor timeout", () => {
    expect(stateOf({ everUp: false, verdict: "unknown" })).toBe("init");
    expect(stateOf({ everUp: false, verdict: "unknown", failedLong: true })).toBe("init-failed");
    expect(stateOf({ everUp: false, verdict: "down", failedLong: true })).toBe("init-failed");
  });

  it("stays normal while it only fails, and is abnormal once it is down", () => {
    expect(stateOf({ verdict: "failing" })).toBe("normal");
    expect(stateOf({ verdict: "unknown" })).toBe("normal");
    expect(stateOf({ verdict: "down" })).toBe("abnormal");
  });
});
