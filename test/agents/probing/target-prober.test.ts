import { setImmediate as turn } from "node:timers/promises";
import type { Observation } from "@evenkeel/contracts/observation";
import type { Timing } from "@evenkeel/contracts/plan";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SYSTEM_CLOCK } from "../../../agents/clock.ts";
import { createWakes } from "../../../agents/probing/share-wakes.ts";
import { spreadTurn, type Turn } from "../../../agents/probing/spread-turn.ts";
import { startTargetProber, type TargetProber } from "../../../agents/probing/target-prober.ts";
import { BEGIN_MS, beginVirtualTime, endVirtualTime } from "../virtual-time.ts";
import {
  answer,
  BUSY,
  createFakeTarget,
  DENIED,
  type FakeTarget,
  hang,
  refuse,
  slow,
  UP,
} from "./fake-plugin.ts";

const MINUTE_MS = 60_000;
const probers: TargetProber[] = [];
/** What the control plane would have been told, with the virtual moment. */
let told: { atMs: number; seen: Observation | null }[] = [];

beforeEach(() => {
  beginVirtualTime();
  told = [];
});
afterEach(() => {
  for (const prober of probers.splice(0)) prober.stop();
  endVirtualTime();
});

function start(target: FakeTarget, timing: Partial<Timing> = {}, turn?: Turn): TargetProber {
  const rules = { timing: { ...target.plugin.defaults, ...timing }, failOn: [] };
  const prober: TargetProber = startTargetProber(
    {
      ...{ monitorId: "mon_orders1", dataCentre: "dc1", targetVersion: 4 },
      ...{ plugin: target.plugin, settings: {}, rules },
    },
    () => told.push({ atMs: Date.now() - BEGIN_MS, seen: prober.observe() }),
    createWakes(SYSTEM_CLOCK),
    turn,
  );
  probers.push(prober);
  return prober;
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const verdicts = () => told.map(({ atMs, seen }) => `${atMs} ${seen?.judgement.reason}`);

describe("turns of many targets", () => {
  it("are spread over the interval, and their first logins anew over a minute", () => {
    const turns = Array.from({ length: 1000 }, (_, position) => spreadTurn(position, 1000, 1000));
    for (let ms = 0; ms < 1000; ms += 10) {
      const together = turns.filter(({ probeAfterMs }) => probeAfterMs >= ms && probeAfterMs < ms + 10);
      expect(together).toHaveLength(10);
    }
    expect(turns.at(-1)?.loginAfterMs).toBe(MINUTE_MS);
    expect(turns.filter(({ loginAfterMs }) => loginAfterMs <= MINUTE_MS / 2)).toHaveLength(500);
  });

  it("of few begin at once, and none begins later than after three seconds", () => {
    expect(spreadTurn(19, 20, 30_000)).toEqual({ probeAfterMs: 0, loginAfterMs: MINUTE_MS });
    expect(spreadTurn(999, 1000, 30_000).probeAfterMs).toBeLessThan(3000);
  });

  it("begin when they are due", async () => {
    const target = createFakeTarget(answer(UP));
    start(target, {}, { probeAfterMs: 400, loginAfterMs: 10_000 });
    await pass(399);
    expect(target.probedAt(BEGIN_MS)).toEqual([]);
    await pass(2000);
    expect(target.probedAt(BEGIN_MS)).toEqual([400, 1400]);
    await pass(7700);
    expect(target.sessions).toHaveLength(2);
  });
});

describe("the pace of probes", () => {
  it("is the interval from begin to begin, over one kept session", async () => {
    const target = createFakeTarget(answer(UP));
    start(target);
    await pass(2500);
    expect(target.probedAt(BEGIN_MS)).toEqual([0, 1000, 2000]);
    expect(target.sessions).toMatchObject([{ probes: 3, destroyed: 0 }]);
  });

  it("has at most one probe in flight, whoever asks, and all who ask wait for its end", async () => {
    const target = createFakeTarget(slow(350));
    const prober = start(target, { retryIntervalMs: 100, accessTimeoutMs: 1000 });
    const ended = vi.fn();
    await pass(50);
    const asked = [prober.probeNow(), prober.probeNow()].map((one) => one.then(ended));
    await pass(299);
    expect(ended).not.toHaveBeenCalled();
    await pass(1);
    await Promise.all(asked);
    await pass(750);
    expect(target.probedAt(BEGIN_MS)).toEqual([0, 400, 800]);
    expect(target.mostAtOnce()).toBe(1);
  });

  it("probes at once when asked between two probes, and keeps its turns", async () => {
    const target = createFakeTarget(answer(UP));
    const prober = start(target);
    await pass(300);
    await prober.probeNow();
    await pass(1000);
    expect(target.probedAt(BEGIN_MS)).toEqual([0, 300, 1000]);
  });

  it("each failure is followed by a new session", async () => {
    const target = createFakeTarget(hang);
    start(target);
    await pass(200);
    expect(target.sessions).toMatchObject([{ probes: 1, destroyed: 1 }]);
    target.behave(answer(UP));
    await pass(2000);
    expect(target.sessions).toMatchObject([
      { probes: 1, destroyed: 1 },
      { probes: 2, destroyed: 0 },
    ]);
  });

  it("[SAFE-10] a probe that our own late event loop made void is repeated at once and proves nothing", async () => {
    const target = createFakeTarget(hang);
    const prober = start(target);
    // The clock jumps, the timers do not: the deadline fires 300 ms after its time.
    vi.setSystemTime(BEGIN_MS + 300);
    target.behave(answer(UP));
    await pass(200);
    for (let polls = 0; polls < 5; polls += 1) await turn();
    expect(prober.observe()).toBeNull();
    expect(target.sessions).toMatchObject([{ destroyed: 1 }]);
    await pass(20);
    expect(target.probedAt(BEGIN_MS)).toEqual([0, 520]);
    expect(prober.observe()).toMatchObject({ judgement: UP, failing: null });
  });

  it("[SAFE-10] a process that is late again and again asks at the target's turns only", async () => {
    const target = createFakeTarget(hang);
    start(target);
    const makeLate = async () => {
      vi.setSystemTime(Date.now() + 300);
      await pass(200);
      for (let polls = 0; polls < 5; polls += 1) await turn();
    };
    await makeLate();
    await pass(20);
    await makeLate();
    await pass(5000);
    // Time 500: void. 520: again, as soon as may be. 1020: void again, so that it waits for its turn.
    expect(target.probedAt(BEGIN_MS).slice(0, 3)).toEqual([0, 520, 2000]);
  });
});

describe("a connection that the peer closes", () => {
  it("is followed by a probe in the same moment", async () => {
    const target = createFakeTarget(answer(UP));
    start(target);
    await pass(400);
    target.behave(refuse);
    target.sessions[0]?.closeByPeer();
    await pass(0);
    expect(target.probedAt(BEGIN_MS)).toEqual([0, 400]);
    expect(verdicts()).toEqual(["0 ok", "400 refused"]);
    expect(target.sessions[0]?.destroyed).toBe(1);
  });

  it("again and again does not make us ask more than twice a second beside the interval", async () => {
    const target = createFakeTarget(answer(UP));
    start(target);
    for (let closed = 0; closed < 200; closed += 1) {
      await pass(20);
      target.sessions.at(-1)?.closeByPeer();
    }
    // In 4 s: five probes by the interval, and two more per second at most.
    expect(target.probedAt(BEGIN_MS).length).toBeGreaterThanOrEqual(5);
    expect(target.probedAt(BEGIN_MS).length).toBeLessThanOrEqual(13);
  });

  it("while a probe is in flight is left to that probe", async () => {
    const target = createFakeTarget(hang);
    start(target);
    await pass(100);
    target.sessions[0]?.closeByPeer();
    await pass(50);
    expect(target.probedAt(BEGIN_MS)).toEqual([0]);
  });

  it("is not heard any more once its session was dropped", async () => {
    const target = createFakeTarget(refuse);
    start(target);
    await pass(100);
    target.sessions[0]?.closeByPeer();
    await pass(100);
    expect(target.probedAt(BEGIN_MS)).toEqual([0]);
  });
});

describe("[SAFE-5] an account that is refused", () => {
  it("is asked once a minute, and not when the control plane asks", async () => {
    const target = createFakeTarget(answer(DENIED));
    const prober = start(target);
    await pass(10);
    await prober.probeNow();
    await pass(MINUTE_MS - 11);
    await prober.probeNow();
    expect(target.probedAt(BEGIN_MS)).toEqual([0]);
    await pass(1);
    expect(target.probedAt(BEGIN_MS)).toEqual([0, MINUTE_MS]);
    expect(prober.observe()).toMatchObject({ judgement: { verdict: "config" }, failing: null });
  });

  it("is not asked because the peer closes the connection either", async () => {
    const target = createFakeTarget(answer(DENIED));
    start(target);
    await pass(5000);
    target.sessions[0]?.closeByPeer();
    await pass(MINUTE_MS - 5001);
    expect(target.probedAt(BEGIN_MS)).toEqual([0]);
    await pass(1);
    expect(target.probedAt(BEGIN_MS)).toEqual([0, MINUTE_MS]);
    expect(target.sessions).toMatchObject([{ destroyed: 1 }, { destroyed: 0 }]);
  });

  it("is probed at the usual pace again once it is let in", async () => {
    const target = createFakeTarget(answer(DENIED));
    start(target);
    await pass(1);
    target.behave(answer(UP));
    await pass(MINUTE_MS + 1000);
    // The second one at that moment logs in anew: what was denied proves no login.
    expect(target.probedAt(BEGIN_MS)).toEqual([0, MINUTE_MS, MINUTE_MS, MINUTE_MS + 1000]);
  });
});

describe("[SAFE-8] a first login that met a busy target", () => {
  it("is made up for once the target is up, so that it may take over at once", async () => {
    const target = createFakeTarget(answer(BUSY));
    const prober = start(target);
    await pass(500);
    target.behave(answer(UP));
    await pass(500);
    expect(prober.observe()).toMatchObject({ judgement: UP, freshLoginAgeMs: 0 });
    expect(target.sessions).toMatchObject([{ destroyed: 0 }, { destroyed: 1 }]);
  });

  it("is made up for once only, because a refused account must not be asked with every probe", async () => {
    const target = createFakeTarget(answer(BUSY));
    const prober = start(target);
    await pass(500);
    // The kept session is let in, a new one is not.
    target.behave(() => answer(target.sessions.length === 1 ? UP : DENIED)());
    await pass(500);
    target.behave(answer(UP));
    await pass(20_000);
    expect(prober.observe()).toMatchObject({ judgement: UP, freshLoginAgeMs: null });
    expect(target.sessions).toHaveLength(2);
  });
});

describe("[SAFE-10] what is told", () => {
  it("is the first answer, then only what changes", async () => {
    const target = createFakeTarget(answer(UP));
    start(target);
    await pass(5000);
    expect(verdicts()).toEqual(["0 ok"]);
    target.behave(answer({ ...UP, verdict: "degraded", reason: "lagging" }));
    await pass(3000);
    expect(verdicts()).toEqual(["0 ok", "6000 lagging"]);
    target.behave(answer({ ...UP, verdict: "degraded", reason: "lagging", code: "1205" }));
    await pass(3000);
    expect(verdicts()).toEqual(["0 ok", "6000 lagging", "9000 lagging"]);
  });

  it("is told again in the moment in which the run of failures reaches the monitor timeout", async () => {
    const target = createFakeTarget(refuse);
    start(target, { retryIntervalMs: 400, monitorTimeoutMs: 1000 });
    await pass(3000);
    expect(told.map(({ atMs }) => atMs)).toEqual([0, 1000]);
    expect(told[1]?.seen?.failing).toEqual({ ageMs: 1000, probes: 3, refusals: 3 });
  });

  it("waits for the failures that the monitor asks for when the timeout passes before them", async () => {
    const target = createFakeTarget(refuse);
    start(target, { retryIntervalMs: 1500, monitorTimeoutMs: 1000 });
    await pass(4000);
    expect(told.map(({ atMs }) => atMs)).toEqual([0, 1500]);
  });

  it("three refusals are confirmed within a tenth of a second where the monitor asks for it", async () => {
    const target = createFakeTarget(refuse);
    start(target, { fastRefuse: true, monitorTimeoutMs: 10_000 });
    await pass(500);
    expect(target.probedAt(BEGIN_MS)).toEqual([0, 50, 100]);
    expect(told.map(({ atMs, seen }) => [atMs, seen?.failing?.refusals])).toEqual([
      [0, 1],
      [100, 3],
    ]);
  });
});

describe("[SAFE-8] a fresh login", () => {
  it("is the first session's, then one beside the kept session each minute, which is closed again", async () => {
    const target = createFakeTarget(answer(UP));
    const prober = start(target);
    await pass(MINUTE_MS - 1);
    expect(prober.observe()?.freshLoginAgeMs).toBe(MINUTE_MS - 1);
    await pass(1);
    expect(prober.observe()?.freshLoginAgeMs).toBe(0);
    expect(target.sessions).toMatchObject([{ destroyed: 0 }, { probes: 1, destroyed: 1 }]);
    expect(told.at(-1)).toMatchObject({ atMs: MINUTE_MS, seen: { freshLoginAgeMs: 0 } });
  });

  it("that fails is not counted, and does not disturb what the kept session says", async () => {
    let logins = 0;
    const target = createFakeTarget(answer(UP));
    // A rotated password: the kept session still works, a new one is refused.
    const open: typeof target.plugin.open = (settings, context) => {
      logins += 1;
      if (logins === 1) return target.plugin.open(settings, context);
      return { probe: answer(DENIED), destroy: () => undefined };
    };
    const rotated = { ...target, plugin: { ...target.plugin, open } };
    const prober = start(rotated);
    await pass(2 * MINUTE_MS + 500);
    expect(logins).toBe(3);
    expect(prober.observe()).toMatchObject({ judgement: UP, freshLoginAgeMs: 2 * MINUTE_MS + 500 });
  });

  it("is not tried while the target fails or refuses us", async () => {
    for (const behaviour of [refuse, answer(DENIED)]) {
      const target = createFakeTarget(behaviour);
      const prober = start(target, { retryIntervalMs: 30_000 });
      await pass(MINUTE_MS + 10);
      expect(target.probedAt(Date.now() - MINUTE_MS - 10)).toEqual(
        behaviour === refuse ? [0, 30_000, MINUTE_MS] : [0, MINUTE_MS],
      );
      prober.stop();
    }
  });
});

describe("a plugin that throws", () => {
  const broken = (): never => {
    throw new TypeError("cannot read settings.password of hunter2");
  };
  const cases = {
    "when it opens": createBroken({ open: broken }),
    "when it judges": createBroken({ judge: broken }),
    "before it asks": createBroken({ open: () => ({ probe: broken, destroy: () => undefined }) }),
  };

  function createBroken(own: Parameters<typeof createFakeTarget>[1]): () => FakeTarget {
    return () => createFakeTarget(answer(UP), own);
  }

  it.each(Object.entries(cases))("%s makes its target misconfigured and nothing else", async (_, create) => {
    const prober = start(create());
    await pass(10);
    expect(prober.observe()).toMatchObject({
      judgement: { verdict: "config", reason: "bad-settings", words: expect.stringContaining("TypeError") },
      failing: null,
    });
    // The error's own words may quote settings.
    expect(JSON.stringify(told)).not.toContain("hunter2");
  });

  it("is tried again in a minute with a new session", async () => {
    let calls = 0;
    const target = createFakeTarget(answer(UP));
    const judge: typeof target.plugin.judge = (outcome, settings) => {
      calls += 1;
      return calls === 1 ? broken() : target.plugin.judge(outcome, settings);
    };
    start({ ...target, plugin: { ...target.plugin, judge } });
    await pass(MINUTE_MS - 1);
    expect(calls).toBe(1);
    await pass(1);
    expect(verdicts()).toEqual(["0 bad-settings", `${MINUTE_MS} ok`]);
    expect(target.sessions[0]?.destroyed).toBe(1);
  });

  it("at a fresh login does not leave that session open", async () => {
    const target = createFakeTarget(answer(UP));
    let destroyed = 0;
    let logins = 0;
    const open: typeof target.plugin.open = (settings, context) => {
      logins += 1;
      if (logins === 1) return target.plugin.open(settings, context);
      return {
        probe: broken,
        destroy: () => {
          destroyed += 1;
        },
      };
    };
    start({ ...target, plugin: { ...target.plugin, open } });
    await pass(MINUTE_MS);
    expect([logins, destroyed]).toEqual([2, 1]);
  });
});

describe("a stopped prober", () => {
  it("closes its session, asks no more and tells no more, whatever is in flight", async () => {
    for (const behaviour of [answer(UP), refuse, hang]) {
      const target = createFakeTarget(behaviour);
      const prober = start(target);
      await pass(100);
      const before = { told: told.length, probes: target.probedAt(BEGIN_MS).length };
      prober.stop();
      await prober.probeNow();
      target.sessions[0]?.closeByPeer();
      await pass(2 * MINUTE_MS);
      expect({ told: told.length, probes: target.probedAt(BEGIN_MS).length }).toEqual(before);
      expect(target.sessions.every((session) => session.destroyed === 1)).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  it("tells nothing of a plugin that throws in the same turn", async () => {
    const target = createFakeTarget(answer(UP), {
      open: () => {
        throw new Error("broken");
      },
    });
    start(target).stop();
    await pass(2 * MINUTE_MS);
    expect(told).toEqual([]);
  });
});
