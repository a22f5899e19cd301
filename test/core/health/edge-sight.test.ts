import type { EdgeSight } from "@evenkeel/contracts/edge-sight";
import type { Judgement } from "@evenkeel/contracts/observation";
import { addEdgeProbe, EDGE_SPACING_MS } from "@evenkeel/core/health/edge-sight";
import { describe, expect, test } from "vitest";

const MINUTE_MS = 60_000;
const UP: Judgement = { verdict: "up", reason: "ok", words: "status 200" };
const DOWN: Judgement = { verdict: "down", reason: "wrong-status", code: "503", words: "status 503" };
const REFUSED: Judgement = { verdict: "config", reason: "auth-failed", code: "401", words: "status 401" };

const monitorOf = (healthyThreshold: number, unhealthyThreshold: number) => ({
  timing: {
    retryIntervalMs: 5000,
    monitorTimeoutMs: 10_000,
    accessTimeoutMs: 3000,
    healthPrecision: 1 as const,
    healthyThreshold,
    unhealthyThreshold,
    fastRefuse: false,
  },
  failOn: [],
});

/** What a sequence of probes, a minute apart, turned to at each. */
function watch(seen: readonly Judgement[], monitor = monitorOf(1, 3)) {
  let sight: EdgeSight | null = null;
  const turns: (string | null)[] = [];
  for (const [minute, judgement] of seen.entries()) {
    const change = addEdgeProbe(sight, judgement, 5, monitor, minute * MINUTE_MS);
    if (change === null) throw new Error("probes a minute apart all count");
    sight = change.sight;
    turns.push(change.turned);
  }
  return { sight, turns };
}

describe("the control plane's own sight of a target", () => {
  test("fails after the threshold of failures, and recovers after that of successes, once each", () => {
    const { turns, sight } = watch([UP, DOWN, DOWN, DOWN, DOWN, UP, UP]);
    expect(turns).toEqual([null, null, null, "failed", null, "recovered", null]);
    expect(sight).toMatchObject({ verdict: "up", healthy: true, inARow: 2 });
  });

  test("a success between failures begins them anew", () => {
    expect(watch([UP, DOWN, DOWN, UP, DOWN, DOWN, UP]).turns.every((turned) => turned === null)).toBe(true);
  });

  test("what never answered fails too, and its first success before that is no news", () => {
    expect(watch([DOWN, DOWN, DOWN]).turns).toEqual([null, null, "failed"]);
    expect(watch([DOWN, UP]).turns).toEqual([null, null]);
  });

  test("recovers only after as many successes as the monitor wants", () => {
    expect(watch([DOWN, DOWN, UP, UP, UP], monitorOf(3, 2)).turns).toEqual([
      null,
      "failed",
      null,
      null,
      "recovered",
    ]);
  });

  test("[SAFE-5] an answer that refuses us is no failure", () => {
    expect(watch([REFUSED, REFUSED, REFUSED, REFUSED]).sight).toMatchObject({ healthy: true, code: "401" });
  });

  test("probes of one minute count once, however often its pass runs", () => {
    const first = addEdgeProbe(null, DOWN, null, monitorOf(1, 2), 0);
    expect(addEdgeProbe(first?.sight ?? null, DOWN, null, monitorOf(1, 2), EDGE_SPACING_MS - 1)).toBeNull();
    const next = addEdgeProbe(first?.sight ?? null, DOWN, null, monitorOf(1, 2), EDGE_SPACING_MS);
    expect(next).toMatchObject({ turned: "failed", sight: { latencyMs: null } });
  });

  test("the count stays bounded", () => {
    expect(watch(Array.from({ length: 50 }, () => UP)).sight?.inARow).toBe(10);
  });
});
