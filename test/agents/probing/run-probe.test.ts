import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import type { ProbeSession } from "@evenkeel/contracts/plugin";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runProbe } from "../../../agents/probing/run-probe.ts";
import { BEGIN_MS, beginVirtualTime, endVirtualTime } from "../virtual-time.ts";

const sessionOf = (probe: () => Promise<unknown>): ProbeSession => ({ probe, destroy: () => undefined });
const hanging = sessionOf(() => new Promise(() => undefined));

describe("a probe that ends by itself", () => {
  beforeEach(() => beginVirtualTime());
  afterEach(endVirtualTime);

  it("is answered with its sample and the time it took, and leaves no timer behind", async () => {
    const session = sessionOf(async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return "sample";
    });
    const running = runProbe(session, 200);
    await vi.advanceTimersByTimeAsync(30);
    expect(await running).toEqual({
      type: "ended",
      outcome: { type: "answered", sample: "sample", latencyMs: 30 },
      startedAtMs: BEGIN_MS,
      endedAtMs: BEGIN_MS + 30,
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is failed with the driver's error reduced to code and message", async () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED 10.0.0.1:5432"), { code: "ECONNREFUSED" });
    const ran = await runProbe(
      sessionOf(() => Promise.reject(refused)),
      200,
    );
    const error = { code: "ECONNREFUSED", message: "connect ECONNREFUSED 10.0.0.1:5432" };
    expect(ran).toMatchObject({ type: "ended", outcome: { type: "failed", error, afterMs: 0 } });
  });
});

describe("a probe that does not end", () => {
  beforeEach(() => beginVirtualTime());
  afterEach(endVirtualTime);

  it("is timed out at its deadline, not before", async () => {
    const ended = vi.fn();
    const running = runProbe(hanging, 200).then(ended);
    await vi.advanceTimersByTimeAsync(199);
    expect(ended).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await running;
    expect(ended).toHaveBeenCalledWith({
      type: "ended",
      outcome: { type: "timed-out", afterMs: 200 },
      startedAtMs: BEGIN_MS,
      endedAtMs: BEGIN_MS + 200,
    });
  });

  it.each([
    { accessTimeoutMs: 100, lateMs: 50, type: "ended" },
    { accessTimeoutMs: 100, lateMs: 51, type: "void" },
    { accessTimeoutMs: 1000, lateMs: 250, type: "ended" },
    { accessTimeoutMs: 1000, lateMs: 251, type: "void" },
  ])(
    "[SAFE-10] with $accessTimeoutMs ms to answer and a deadline that fires $lateMs ms late it is $type",
    async ({ accessTimeoutMs, lateMs, type }) => {
      const running = runProbe(hanging, accessTimeoutMs);
      // The clock goes on while the timer waits, as behind a blocked event loop.
      vi.spyOn(performance, "now").mockReturnValue(BEGIN_MS + accessTimeoutMs + lateMs);
      await vi.advanceTimersByTimeAsync(accessTimeoutMs);
      const ran = await running;
      expect(ran.type).toBe(type);
      if (ran.type === "void") expect(ran.lateMs).toBe(lateMs);
    },
  );

  it("has its late answer ignored, and its late error too", async () => {
    const late = (end: () => unknown) =>
      sessionOf(async () => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        return end();
      });
    const failing = late(() => {
      throw new Error("late");
    });
    const both = [late(() => "late"), failing].map((session) => runProbe(session, 200));
    await vi.advanceTimersByTimeAsync(1000);
    for (const ran of await Promise.all(both)) expect(ran).toMatchObject({ outcome: { type: "timed-out" } });
  });
});

/** Blocks this process's event loop for real. */
function block(forMs: number): void {
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs);
}

describe("[SAFE-10] behind an event loop that was really blocked past the deadline", () => {
  const accessTimeoutMs = 20;
  const blockedMs = 120;
  let server: Server;
  let client: Socket;
  let peer: Socket;

  beforeEach(async () => {
    server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const accepted = once(server, "connection");
    client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    [peer] = (await accepted) as [Socket];
    await once(client, "connect");
  });
  afterEach(() => {
    client.destroy();
    peer.destroy();
    server.close();
  });

  /** Asks over the socket; the answer is the first chunk. */
  const asking = (ask: () => void) =>
    sessionOf(async () => {
      const answered = once(client, "data");
      ask();
      const [data] = (await answered) as [Buffer];
      return data.toString();
    });

  it("an answer that lies in the socket already counts", async () => {
    const running = runProbe(
      asking(() => peer.write("alive")),
      accessTimeoutMs,
    );
    block(blockedMs);
    expect(await running).toMatchObject({ type: "ended", outcome: { type: "answered", sample: "alive" } });
  });

  it("no answer proves nothing: the probe is void", async () => {
    const running = runProbe(
      asking(() => undefined),
      accessTimeoutMs,
    );
    block(blockedMs);
    const ran = await running;
    expect(ran.type).toBe("void");
  });
});
