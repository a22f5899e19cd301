import { loadDriver, loadDrivers } from "@evenkeel/agent/drivers";
import { describeError } from "@evenkeel/plugins/probe-error";
import { findMonitorPlugin, MONITOR_KINDS } from "@evenkeel/plugins/registry";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { FAULTS, type FaultName, makeGarbage, openServer } from "./fault-servers.ts";
import { KIND_CASES } from "./kind-cases.ts";
import { countSockets, openSession } from "./probe-kind.ts";

/** Short enough to wait for where nothing comes. */
const ACCESS_TIMEOUT_MS = 250;
/** Where something comes, a busy machine may take longer. */
const PATIENT_TIMEOUT_MS = 15_000;
/** Different garbage that every kind has to survive. */
const GARBAGE_SEEDS = 60;

const CONTEXT = { load: loadDriver, onClosed: () => undefined, accessTimeoutMs: ACCESS_TIMEOUT_MS };

let socketsBefore = 0;
beforeEach(() => {
  socketsBefore = countSockets();
});
afterEach(async () => {
  await eventually(() => expect(countSockets()).toBe(socketsBefore));
});

function requireKind(kind: string) {
  const plugin = findMonitorPlugin(kind);
  const kindCase = KIND_CASES[kind];
  if (plugin === undefined || kindCase === undefined)
    throw new Error(`test/plugins/kind-cases.ts has no ${kind}`);
  return { plugin, kindCase };
}

describe.each(MONITOR_KINDS)("%s", (kind) => {
  const { plugin, kindCase } = requireKind(kind);
  beforeAll(() => loadDrivers(plugin));

  test.each(Object.keys(FAULTS) as FaultName[])(
    "%s is down, in words, and leaves nothing behind",
    async (fault) => {
      const server = await FAULTS[fault](kindCase.script);
      const settings = kindCase.settings(server.address);
      const waits = kindCase.reasons[fault].includes("timed-out");
      const timeoutMs = waits ? ACCESS_TIMEOUT_MS : PATIENT_TIMEOUT_MS;
      const { destroy, probe, closings } = openSession(plugin, settings, timeoutMs);
      const withServer = countSockets();
      const { judgement } = await probe();
      destroy();
      destroy();
      await eventually(() => expect(countSockets()).toBeLessThanOrEqual(withServer));
      await server.close();
      expect(judgement.verdict).toBe("down");
      expect(kindCase.reasons[fault]).toContain(judgement.reason);
      expect(judgement.words).toContain(server.address);
      expect(JSON.stringify(judgement)).not.toContain("not-shown");
      expect(closings()).toBe(0);
    },
  );

  test("a probe in flight rejects at once when its session is destroyed", async () => {
    const server = await FAULTS.mute();
    const session = plugin.open(kindCase.settings(server.address), CONTEXT);
    const asked = session.probe().then(
      () => "answered",
      (error: unknown) => describeError(error).code,
    );
    session.destroy();
    expect(await asked).toBe("PROBE_ABANDONED");
    await server.close();
  });

  test("a session that was destroyed connects to nothing", async () => {
    let connections = 0;
    const server = await openServer(() => {
      connections += 1;
    });
    const session = plugin.open(kindCase.settings(server.address), CONTEXT);
    session.destroy();
    await expect(session.probe()).rejects.toThrow();
    expect(connections).toBe(0);
    await server.close();
  });

  test("no garbage ends the process, whatever it is and however it is cut", async () => {
    let seed = 0;
    const server = await openServer((socket) => {
      seed += 1;
      const garbage = makeGarbage(seed);
      // Half of it looks like the engine at first.
      if (seed % 2 === 0) socket.write(kindCase.script.greeting);
      for (let from = 0; from < garbage.length; from += seed)
        socket.write(garbage.subarray(from, from + seed));
      socket.once("data", () => socket.end(garbage));
    });
    const settings = kindCase.settings(server.address);
    for (let round = 0; round < GARBAGE_SEEDS; round += 1) {
      const { destroy, probe } = openSession(plugin, settings, 20);
      const { judgement } = await probe();
      destroy();
      expect(judgement.verdict).not.toBe("up");
      expect(judgement.words).not.toMatch(/\p{Cc}/u);
    }
    await server.close();
  });
});
