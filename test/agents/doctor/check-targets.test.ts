import { judgeTarget } from "@evenkeel/agent/doctor/check-targets";
import type { Observation } from "@evenkeel/contracts/observation";
import { describe, expect, it } from "vitest";

const FACTS = { version: "PostgreSQL 15.18", role: "primary", lagMs: null, missing: [] };
const MISSING = [
  { right: "pg_monitor", statement: 'GRANT pg_monitor TO "u"' },
  { right: "heartbeat", statement: "GRANT INSERT" },
];

function makeTested(change: Partial<Observation>): Observation {
  return {
    ...{ monitorId: "test", dataCentre: "dc1", targetVersion: 1, ageMs: 0, latencyMs: 1, sawUp: true },
    ...{ failing: null, healthyForMs: 0, freshLoginAgeMs: 0 },
    judgement: { verdict: "up", reason: "ok", words: "answered in 1.0 ms" },
    ...change,
  };
}

describe("a target", () => {
  it("that lacks nothing is good, with its version and role", () => {
    expect(judgeTarget("orders", makeTested({ facts: FACTS }))).toMatchObject({
      state: "good",
      words: "up, answered in 1.0 ms; PostgreSQL 15.18; primary",
    });
  });

  it("whose account lacks a right is doubtful, with the statements to paste", () => {
    expect(judgeTarget("orders", makeTested({ facts: { ...FACTS, missing: MISSING } }))).toMatchObject({
      state: "doubtful",
      words: expect.stringContaining("lacks pg_monitor, heartbeat"),
      fix: 'GRANT pg_monitor TO "u"; GRANT INSERT',
    });
  });

  it("whose heartbeat account is refused is doubtful", () => {
    const heartbeat = {
      writable: null,
      reason: "auth-failed",
      words: "denied",
      advice: "check",
      rpoMs: null,
    } as const;
    expect(judgeTarget("orders", makeTested({ heartbeat }))).toMatchObject({
      state: "doubtful",
      words: expect.stringContaining("no heartbeats: denied"),
      fix: "check",
    });
  });

  it("that is down is bad, whatever else is known", () => {
    const judgement = { verdict: "down", reason: "refused", words: "refused" } as const;
    expect(judgeTarget("orders", makeTested({ judgement, facts: FACTS }))).toMatchObject({ state: "bad" });
  });
});
