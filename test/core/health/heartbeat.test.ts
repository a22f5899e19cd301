import { type Heartbeat, type Judgement, ProbeReason, Verdict } from "@evenkeel/contracts/observation";
import type { Route } from "@evenkeel/contracts/route";
import {
  agreeOnRoute,
  combineHeartbeats,
  computeHeartbeatDuty,
  HEARTBEAT_SETTLE_MS,
  judgeHeartbeat,
  overlayHeartbeat,
  type RouteWitness,
} from "@evenkeel/core/health/heartbeat";
import { describe, expect, it } from "vitest";

function makeRoute(change: Partial<Route> = {}): Route {
  return {
    ...{ v: 1, epoch: 5, decision: "dec_5", after: "dec_4", active: "dc1", phase: "stable" },
    dataCentres: { dc1: { readable: true, writable: true }, dc2: { readable: true, writable: true } },
    ...{ reason: "", decidedBy: "", decidedAt: "" },
    ...change,
  };
}

/** What each witness may tell; undefined: it is not heard. */
const TOLD: Readonly<Record<string, Route | null | undefined>> = {
  unheard: undefined,
  nothing: null,
  present: makeRoute(),
  switched: makeRoute({ epoch: 6, decision: "dec_6", active: "dc2" }),
  forked: makeRoute({ decision: "dec_5b", active: "dc2" }),
  retired: makeRoute({ phase: "retired" }),
  stopped: makeRoute({ dataCentres: { dc1: { readable: true, writable: false } } }),
};
const NAMES = Object.keys(TOLD);
const KINDS = ["control-plane", "shared-store", "site-store"] as const;

/** Every case of three witnesses. */
const CASES = NAMES.flatMap((first) =>
  NAMES.flatMap((second) => NAMES.map((third) => [first, second, third] as const)),
);
const hear = (names: readonly string[]): RouteWitness[] =>
  KINDS.flatMap((by, at) => {
    const route = TOLD[names[at] ?? ""];
    return route === undefined ? [] : [{ by, route }];
  });

describe("where heartbeats go", () => {
  it("is decided for every case of what is told: written to the side that all name, and nowhere else", () => {
    for (const names of CASES) {
      const agreement = agreeOnRoute(hear(names));
      const [plane, shared] = names;
      const heard = names.filter((name) => name !== "unheard");
      const isProven = plane !== "unheard" || shared !== "unheard";
      const isOne = new Set(heard).size === 1;
      for (const dataCentre of ["dc1", "dc2", "dc3"]) {
        for (const agreedForMs of [0, HEARTBEAT_SETTLE_MS - 1, HEARTBEAT_SETTLE_MS, 1e9]) {
          const duty = computeHeartbeatDuty(agreement, agreedForMs, dataCentre);
          const told = TOLD[heard[0] ?? ""];
          const mayWrite =
            isProven &&
            isOne &&
            (heard[0] === "present" || heard[0] === "switched" || heard[0] === "forked") &&
            dataCentre === told?.active &&
            agreedForMs >= HEARTBEAT_SETTLE_MS;
          expect([...names, dataCentre, agreedForMs, duty.type === "write"]).toEqual([
            ...names,
            dataCentre,
            agreedForMs,
            mayWrite,
          ]);
        }
      }
    }
  });

  it("is never more than one side at a time, whoever tells what", () => {
    for (const names of CASES) {
      const agreement = agreeOnRoute(hear(names));
      const sides = ["dc1", "dc2", "dc3"].filter(
        (name) => computeHeartbeatDuty(agreement, 1e9, name).type === "write",
      );
      expect(sides.length).toBeLessThanOrEqual(1);
    }
  });

  it.each([
    [["unheard", "unheard", "unheard"], "nobody-tells"],
    [["unheard", "unheard", "present"], "nobody-tells"],
    [["nothing", "unheard", "unheard"], "unsettled"],
    [["present", "nothing", "unheard"], "unsettled"],
    [["switched", "present", "unheard"], "unsettled"],
    [["present", "switched", "unheard"], "unsettled"],
    [["present", "forked", "unheard"], "unsettled"],
    [["present", "unheard", "switched"], "unsettled"],
    [["retired", "retired", "unheard"], "retired"],
    [["stopped", "stopped", "unheard"], "writes-stopped"],
  ])("is nowhere when %j is told: %s", (names, why) => {
    expect(computeHeartbeatDuty(agreeOnRoute(hear(names)), 1e9, "dc1")).toEqual({ type: "rest", why });
  });

  it("is read in every side that is not active", () => {
    const agreement = agreeOnRoute(hear(["present", "present", "unheard"]));
    expect(computeHeartbeatDuty(agreement, 0, "dc2").type).toBe("read");
    expect(computeHeartbeatDuty(agreement, 0, "dc1")).toEqual({ type: "rest", why: "settling" });
  });
});

const say = (verdict: Verdict, reason: ProbeReason = "bad-answer"): Judgement => ({
  verdict,
  reason,
  code: "1290",
  words: "in words",
  advice: "do this",
});

describe("[SAFE-5] a heartbeat", () => {
  it("says that writes are not taken only when the server let it in and refused or kept back its write", () => {
    expect(judgeHeartbeat({ type: "written" })).toEqual({ writable: true });
    for (const loggedIn of [true, false]) {
      expect(judgeHeartbeat({ type: "hung", afterMs: 3000.4, loggedIn })).toMatchObject({
        writable: loggedIn ? false : null,
        reason: "timed-out",
        words: expect.stringContaining("3000 ms"),
      });
      for (const verdict of Verdict.options) {
        const { writable } = judgeHeartbeat({ type: "failed", judgement: say(verdict), loggedIn });
        const isRefusal = loggedIn && (verdict === "degraded" || verdict === "read_only");
        expect([loggedIn, verdict, writable]).toEqual([loggedIn, verdict, isRefusal ? false : null]);
      }
    }
  });

  it("never makes anything down, and only ever changes a server that is up", () => {
    for (const main of Verdict.options) {
      for (const writable of [true, false, null]) {
        for (const reason of ProbeReason.options) {
          const judgement = overlayHeartbeat(say(main), { writable, reason, words: "no" });
          if (main !== "up" || writable !== false) expect(judgement).toEqual(say(main));
          else expect(judgement.verdict).toBe(reason === "read-only" ? "read_only" : "degraded");
        }
      }
    }
    expect(overlayHeartbeat(say("up"), null)).toEqual(say("up"));
  });

  it("keeps what the probe said of each address, and says what it found itself", () => {
    const parts = [{ address: "a:1", verdict: "up" as const, words: "w" }];
    const found = {
      writable: false,
      reason: "disk-full" as const,
      code: "1114",
      words: "full",
      advice: "free",
    };
    expect(overlayHeartbeat({ ...say("up"), parts }, found)).toEqual({
      verdict: "degraded",
      reason: "disk-full",
      code: "1114",
      words: "reads are answered, writes are not: full",
      advice: "free",
      parts,
    });
  });

  it("of several agents: one that could write proves it, and the smallest recovery point holds", () => {
    const some = (writable: boolean | null, rpoMs: number | null): Heartbeat => ({ writable, rpoMs });
    expect(combineHeartbeats([])).toBeNull();
    expect(combineHeartbeats([some(null, null), some(false, null)])).toEqual(some(false, null));
    expect(combineHeartbeats([some(false, null), some(true, null)])).toEqual(some(true, null));
    expect(combineHeartbeats([some(null, 900), some(null, 40), some(null, null)])).toEqual(some(null, 40));
  });
});
