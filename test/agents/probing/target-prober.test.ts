import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { BEGIN_MS } from "../virtual-time.ts";
import { answer, createFakeTarget, DENIED, type FakeTarget, hang, refuse, slow, UP } from "./fake-plugin.ts";
import { useProbers } from "./use-probers.ts";

const MINUTE_MS = 60_000;
const { start, pass, told, verdicts } = useProbers();

describe("turns of many targets", () => {
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
    expect(told().map(({ atMs }) => atMs)).toEqual([0, 1000]);
    expect(told()[1]?.seen?.failing).toEqual({ ageMs: 1000, probes: 3, refusals: 3 });
  });

  it("waits for the failures that the monitor asks for when the timeout passes before them", async () => {
    const target = createFakeTarget(refuse);
    start(target, { retryIntervalMs: 1500, monitorTimeoutMs: 1000 });
    await pass(4000);
    expect(told().map(({ atMs }) => atMs)).toEqual([0, 1500]);
  });

  it("three refusals are confirmed within a tenth of a second where the monitor asks for it", async () => {
    const target = createFakeTarget(refuse);
    start(target, { fastRefuse: true, monitorTimeoutMs: 10_000 });
    await pass(500);
    expect(target.probedAt(BEGIN_MS)).toEqual([0, 50, 100]);
    expect(told().map(({ atMs, seen }) => [atMs, seen?.failing?.refusals])).toEqual([
      [0, 1],
      [100, 3],
    ]);
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
    expect(JSON.stringify(told())).not.toContain("hunter2");
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
      const before = { told: told().length, probes: target.probedAt(BEGIN_MS).length };
      prober.stop();
      await prober.probeNow();
      target.sessions[0]?.closeByPeer();
      await pass(2 * MINUTE_MS);
      expect({ told: told().length, probes: target.probedAt(BEGIN_MS).length }).toEqual(before);
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
    expect(told()).toEqual([]);
  });
});
