import type { TargetFacts } from "@evenkeel/contracts/observation";
import type { ProbeSession } from "@evenkeel/contracts/plugin";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { inspectTarget, type TestedTarget } from "../../../agents/probing/inspect-target.ts";
import { beginVirtualTime, endVirtualTime } from "../virtual-time.ts";
import { answer, createFakeTarget, UP } from "./fake-plugin.ts";

const ACCESS_MS = 3000;
const PROBE_MS = 400;
const FACTS: TargetFacts = { version: "Fake 1", role: "primary", lagMs: null, missing: [] };
const DENIED = {
  verdict: "config",
  reason: "permission-denied",
  words: "denied",
  advice: "GRANT INSERT",
} as const;
const hang = () => new Promise<never>(() => undefined);

beforeEach(() => beginVirtualTime());
afterEach(endVirtualTime);

/** A target that was probed in PROBE_MS; `check` is what its heartbeat account meets. */
function tested(inspect: ProbeSession["inspect"], check?: () => Promise<void>): TestedTarget {
  const heartbeat = {
    isWanted: () => check !== undefined,
    open: () => ({
      isLoggedIn: () => true,
      write: () => Promise.reject(new Error("a test writes nothing")),
      read: hang,
      check: check ?? hang,
      destroy: () => undefined,
    }),
    judge: () => DENIED,
  };
  return {
    plugin: createFakeTarget(answer(UP), { heartbeat }).plugin,
    settings: {},
    context: {
      load: () => Promise.reject(new Error("nothing is loaded here")),
      onClosed: () => undefined,
      accessTimeoutMs: ACCESS_MS,
    },
    session: {
      probe: hang,
      destroy: () => undefined,
      ...(inspect === undefined ? {} : { inspect }),
    },
    ran: {
      type: "ended",
      outcome: { type: "answered", sample: null, latencyMs: PROBE_MS },
      startedAtMs: 0,
      endedAtMs: PROBE_MS,
    },
  };
}

it("a target that was reached tells what it is", async () => {
  expect(await inspectTarget(tested(async () => FACTS))).toEqual({ facts: FACTS });
  expect(await inspectTarget(tested(undefined))).toEqual({});
});

it("a target that was not reached is asked no more", async () => {
  const inspect = vi.fn(async () => FACTS);
  const ran = {
    ...tested(inspect).ran,
    outcome: { type: "timed-out", afterMs: ACCESS_MS },
  } as TestedTarget["ran"];
  expect(await inspectTarget({ ...tested(inspect), ran })).toEqual({});
  expect(inspect).not.toHaveBeenCalled();
});

it("what hangs ends a second after the access timeout, with what is known by then", async () => {
  let found: unknown;
  void inspectTarget(tested(hang, hang)).then((more) => {
    found = more;
  });
  await vi.advanceTimersByTimeAsync(ACCESS_MS + 1000 - PROBE_MS - 1);
  expect(found).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  expect(found).toMatchObject({ heartbeat: { writable: null, reason: "timed-out" } });
});

it("a heartbeat account that lacks a right is told among what is missing", async () => {
  const found = await inspectTarget(
    tested(
      async () => FACTS,
      () => Promise.reject(new Error("denied")),
    ),
  );
  expect(found).toMatchObject({
    facts: { missing: [{ right: "heartbeat", statement: "GRANT INSERT" }] },
    heartbeat: { writable: null, reason: "permission-denied", words: "denied" },
  });
});

it("a heartbeat account that is let in is told so, and nothing is written", async () => {
  const { heartbeat, facts } = await inspectTarget(
    tested(
      async () => FACTS,
      async () => undefined,
    ),
  );
  expect(facts?.missing).toEqual([]);
  expect(heartbeat).toMatchObject({ writable: null, words: expect.stringContaining("writes nothing") });
  expect(heartbeat?.reason).toBeUndefined();
});
