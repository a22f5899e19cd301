import { type Judgement, Verdict } from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { judgeFollowing, judgeReplicated } from "@evenkeel/plugins/judge-replicas";
import { mysql } from "@evenkeel/plugins/monitors/mysql";
import { postgresql } from "@evenkeel/plugins/monitors/postgresql";
import { describe, expect, it } from "vitest";

const [MAIN, FIRST, SECOND] = ["192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"];
const say = (verdict: Verdict, reason: Judgement["reason"] = "ok"): Judgement => ({
  verdict,
  reason,
  words: `says ${verdict}`,
});
const LAGGING = say("degraded", "lagging");

/** Samples of this test are the judgements themselves. */
function judge(main: Judgement, replicas: readonly Judgement[], replicaTrouble: "warn" | "degrade") {
  const outcome = (sample: unknown): ProbeOutcome => ({ type: "answered", sample, latencyMs: 1 });
  const read = (one: ProbeOutcome) => (one.type === "answered" ? (one.sample as Judgement) : say("down"));
  const addresses = [FIRST, SECOND];
  const known = replicas.map((one, at) => ({ address: addresses[at] ?? "", outcome: outcome(one) }));
  const settings = { address: MAIN, replicas: addresses, replicaTrouble };
  return judgeReplicated(outcome({ main, replicas: known }), settings, { main: read, replica: read });
}

describe("[SAFE-5] a server with replicas", () => {
  it.each(Verdict.options)("that is %s stays so while replicas only warn", (main) => {
    for (const first of Verdict.options) {
      for (const second of Verdict.options) {
        const judgement = judge(say(main), [say(first), say(second)], "warn");
        expect([judgement.verdict, judgement.reason]).toEqual([main, "ok"]);
        expect(judgement.parts?.map(({ verdict }) => verdict)).toEqual([main, first, second]);
      }
    }
  });

  it("is degraded by policy only, only if it is up, and only if no replica is left to read from", () => {
    for (const main of Verdict.options) {
      for (const first of Verdict.options) {
        for (const second of Verdict.options) {
          const { verdict } = judge(say(main), [say(first), say(second)], "degrade");
          const areLost = [first, second].every((one) => one !== "up" && one !== "config");
          expect([main, first, second, verdict]).toEqual([
            main,
            first,
            second,
            main === "up" && areLost ? "degraded" : main,
          ]);
        }
      }
    }
  });

  it("is lagging when all of its replicas lag, incomplete when they are lost otherwise", () => {
    expect(judge(say("up"), [LAGGING, LAGGING], "degrade").reason).toBe("lagging");
    expect(judge(say("up"), [LAGGING, say("down")], "degrade").reason).toBe("incomplete");
  });

  it("says which replica is not well", () => {
    const { words, parts } = judge(say("up"), [say("up"), say("down")], "warn");
    expect(words).toBe(`says up; 1 of 2 replicas not well: ${SECOND} says down`);
    expect(parts?.[2]).toEqual({ address: SECOND, verdict: "down", words: "replica: says down" });
  });

  it("shows no parts before it has heard of a replica", () => {
    expect(judge(say("up"), [], "degrade")).toEqual(say("up"));
  });
});

describe("a replica", () => {
  it.each([
    [{ troubles: [], lagMs: 0 }, "up", "ok"],
    [{ troubles: [], lagMs: 10_000 }, "up", "ok"],
    [{ troubles: [], lagMs: 10_001 }, "degraded", "lagging"],
    [{ troubles: [], lagMs: null }, "up", "ok"],
    [{ troubles: ["is broken"], lagMs: 20_000 }, "degraded", "incomplete"],
    [
      { troubles: [], lagMs: null, missing: { words: "unseen", advice: "GRANT" } },
      "config",
      "permission-denied",
    ],
    [{ troubles: ["x"], lagMs: null, missing: { words: "unseen", advice: "G" } }, "degraded", "incomplete"],
  ] as const)("of which is known %j is %s", (following, verdict, reason) => {
    expect(judgeFollowing(following, 10_000)).toMatchObject({ verdict, reason });
  });

  it("may lag as it likes without a limit", () => {
    expect(judgeFollowing({ troubles: [], lagMs: 1e9 }, null).verdict).toBe("up");
  });
});

describe.each([mysql, postgresql])("the settings of $kind", (plugin) => {
  const { address } = plugin.example.target as { address: string };
  const parse = (more: object) => plugin.target.safeParse({ ...plugin.example.target, ...more }).success;

  it("take up to fifteen replicas, each once, and not the server itself", () => {
    const many = Array.from({ length: 16 }, (_, at) => `192.0.2.${at + 20}:1`);
    expect(parse({ replicas: many.slice(0, 15) })).toBe(true);
    expect(parse({ replicas: [] })).toBe(true);
    expect(parse({ replicas: many })).toBe(false);
    expect(parse({ replicas: [many[0], many[0]] })).toBe(false);
    expect(parse({ replicas: [address] })).toBe(false);
  });

  it("take a limit of the lag, or none", () => {
    for (const [replicaLagLimitMs, isTaken] of [
      [100, true],
      [null, true],
      [99, false],
      [1.5, false],
    ] as const)
      expect(plugin.common.safeParse({ ...plugin.example.common, replicaLagLimitMs }).success).toBe(isTaken);
  });

  it("[SAFE-9] name what says nothing of the server itself", () => {
    expect(plugin.beside).toEqual(
      expect.arrayContaining(["replicas", "replicaLagLimitMs", "replicaTrouble"]),
    );
    const known = [...Object.keys(plugin.common.shape), ...Object.keys(plugin.target.shape)];
    expect(known).toEqual(expect.arrayContaining([...(plugin.beside ?? [])]));
    expect(plugin.beside).not.toContain("address");
  });

  it("lead applications to the server, and name its replicas beside it only", () => {
    const settings = { ...plugin.example.common, ...plugin.example.target };
    const replicas = ["192.0.2.77:1"];
    expect(plugin.source(settings)).toMatchObject({ replicas: [] });
    expect(plugin.source({ ...settings, replicas })).toEqual({ ...plugin.source(settings), replicas });
  });
});
