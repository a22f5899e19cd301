import type { Plan } from "@evenkeel/contracts/plan";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createProberSet, type ProberSet, targetKey } from "../../../agents/probing/prober-set.ts";
import type { Unseal } from "../../../agents/unseal.ts";
import { MONITOR, makePlan, type WorldOptions } from "../../core/arbitration/world.ts";

const WORDS = "the credentials were not sealed to this agent";
const [DC1, DC2] = [targetKey(MONITOR, "dc1"), targetKey(MONITOR, "dc2")];

let changed: string[] = [];
/** Each start of a target asks for its credentials once. */
let starts = 0;
let probers: ProberSet;

const refuse: Unseal = async () => {
  starts += 1;
  return { ok: false, words: WORDS };
};

beforeEach(() => {
  [changed, starts] = [[], 0];
  probers = createProberSet(refuse, (target) => changed.push(target));
});
afterEach(() => probers.stop());

/** A plan with a kind that agents know, and whose credentials nobody can open here: nothing is connected to. */
function planOf(options: WorldOptions = {}): Plan {
  return makePlan({ ...options, monitor: { kind: "redis", ...options.monitor } });
}
const seen = () => probers.observe(null).map((one) => [one.dataCentre, one.judgement.reason]);

describe("the targets of a plan", () => {
  it("that nobody can open credentials for say so instead of being probed", async () => {
    await probers.follow(planOf());
    expect(probers.observe(new Set([DC2]))).toMatchObject([
      {
        monitorId: MONITOR,
        dataCentre: "dc2",
        targetVersion: 1,
        judgement: { verdict: "config", reason: "no-credentials", words: WORDS },
        sawUp: false,
        failing: null,
        freshLoginAgeMs: null,
      },
    ]);
    expect(changed).toEqual([DC1, DC2]);
    await probers.probeNow(new Set([DC1, "unknown/dc1"]));
  });

  it("of a kind that this agent does not know say so, and hold up no other", async () => {
    const plan = planOf();
    const [known] = plan.monitors;
    if (known === undefined) throw new Error("the plan has a monitor");
    const newer = { ...known, id: "mon_newer1", kind: "of_tomorrow" };
    await probers.follow({ ...plan, monitors: [newer, known] });
    expect(seen()).toEqual([
      ["dc1", "bad-settings"],
      ["dc2", "bad-settings"],
      ["dc1", "no-credentials"],
      ["dc2", "no-credentials"],
    ]);
  });

  it("are kept by a plan that changes nothing about them", async () => {
    await probers.follow(planOf());
    await probers.follow({ ...planOf(), version: 2, instanceName: "renamed" });
    await probers.follow(planOf({ monitor: { automatic: false, windows: [], name: "other" } }));
    expect(starts).toBe(2);
    expect(changed).toEqual([DC1, DC2]);
  });

  it("[SAFE-9] are begun anew one by one when their own version, timing or policy changes", async () => {
    const plan = planOf();
    await probers.follow(plan);
    const moved = structuredClone(plan);
    const target = moved.monitors[0]?.dataCentres[1];
    if (target === undefined) throw new Error("the plan has dc2");
    target.targetVersion = 2;
    await probers.follow(moved);
    expect(starts).toBe(3);
    expect(probers.observe(new Set([DC2]))[0]?.targetVersion).toBe(2);
    await probers.follow(planOf({ timing: { monitorTimeoutMs: 5000 } }));
    expect(starts).toBe(5);
    await probers.follow(planOf({ timing: { monitorTimeoutMs: 5000 }, monitor: { failOn: ["degraded"] } }));
    expect(starts).toBe(7);
  });

  it("are kept when their secret is given to a further agent, and begun when it is given to this one", async () => {
    let mayOpen = true;
    const unseal: Unseal = async () => {
      starts += 1;
      return mayOpen ? { ok: true, secret: {} } : { ok: false, words: WORDS };
    };
    const sealedTo = (...ids: string[]): Plan => {
      const plan = structuredClone(planOf());
      for (const target of plan.monitors[0]?.dataCentres ?? []) {
        target.sealed = { ciphertext: "c", recipients: ids.map((kid) => ({ header: { kid } })) };
        target.config = { address: "127.0.0.1:1" };
      }
      return plan;
    };
    for (const [opens, startsAfter] of [
      [true, 2],
      [false, 4],
    ] as const) {
      [mayOpen, starts] = [opens, 0];
      const set = createProberSet(unseal, () => undefined);
      await set.follow(sealedTo("a1"));
      await set.follow(sealedTo("a1"));
      expect(starts).toBe(2);
      await set.follow(sealedTo("a1", "a2"));
      expect(starts).toBe(startsAfter);
      set.stop();
    }
  });

  it("are left alone once they are gone or not monitored", async () => {
    await probers.follow(planOf());
    await probers.follow(planOf({ dataCentres: [{ name: "dc1", site: "s1", priority: 1 }] }));
    expect(seen()).toEqual([["dc1", "no-credentials"]]);
    await probers.follow(planOf({ monitor: { monitored: false } }));
    expect(seen()).toEqual([]);
    expect(probers.observe(new Set([DC1]))).toEqual([]);
  });

  it("[SAFE-2] that were never seen up give no reason for self-doubt", async () => {
    await probers.follow(planOf());
    expect(probers.sights()).toEqual([
      { site: "s1", failing: false, sawUp: false },
      { site: "s2", failing: false, sawUp: false },
    ]);
  });
});
