import { describe, expect, it } from "vitest";
import { answer, BUSY, createFakeTarget, DENIED, refuse, UP } from "./fake-plugin.ts";
import { useProbers } from "./use-probers.ts";

const MINUTE_MS = 60_000;
const { start, pass, told } = useProbers();

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

describe("[SAFE-8] a fresh login", () => {
  it("is the first session's, then one beside the kept session each minute, which is closed again", async () => {
    const target = createFakeTarget(answer(UP));
    const prober = start(target);
    await pass(MINUTE_MS - 1);
    expect(prober.observe()?.freshLoginAgeMs).toBe(MINUTE_MS - 1);
    await pass(1);
    expect(prober.observe()?.freshLoginAgeMs).toBe(0);
    expect(target.sessions).toMatchObject([{ destroyed: 0 }, { probes: 1, destroyed: 1 }]);
    expect(told().at(-1)).toMatchObject({ atMs: MINUTE_MS, seen: { freshLoginAgeMs: 0 } });
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
