import { connect, createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SYSTEM_CLOCK } from "../../../agents/clock.ts";
import { UNPROVEN_PER_ADDRESS_MAX } from "../../../agents/peers/admission.ts";
import { dialPeer } from "../../../agents/peers/dial.ts";
import { LINE_MAX_BYTES } from "../../../agents/peers/messages.ts";
import { computePairKey, mintPeerNonce, readOwnKey } from "../../../agents/peers/proof.ts";
import { openSocketNet } from "../../../agents/peers/socket-net.ts";
import { findPort, type Keys, makeKeys, startAgent, type TestAgent } from "./make-peer.ts";
import { openRelay } from "./relay.ts";

const PATIENCE = { timeout: 15_000, interval: 20 };
const HOST = "127.0.0.1";
const HAS_IPV6 = Object.values(networkInterfaces()).some((list) =>
  list?.some((one) => one.address === "::1"),
);

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function start(
  id: string,
  site: string,
  more: { keys?: Keys; host?: string } = {},
): Promise<TestAgent> {
  const agent = await startAgent({ id, site, keys: makeKeys(), ...more });
  ends.push(() => agent.set.stop());
  return agent;
}

/** Two agents that know each other, `a` through a relay to `b`. */
async function startPair() {
  const [a, b] = [await start("a", "dc1"), await start("b", "dc2")];
  const relay = await openRelay(b.peer.address.port);
  ends.push(() => relay.close());
  b.set.follow([a.peer]);
  a.set.follow([{ ...b.peer, address: { host: HOST, port: relay.port } }]);
  await untilUp(a);
  return { a, b, relay };
}

async function untilUp(agent: TestAgent): Promise<void> {
  await vi.waitFor(() => expect(Object.values(agent.states())).toEqual(["up"]), PATIENCE);
}

/** A stranger's connection, with everything that it was told. */
async function visit(
  port: number,
  bytes: string | Buffer = "",
): Promise<{ socket: Socket; told: () => string }> {
  const socket = connect(port, HOST);
  let told = "";
  socket.on("data", (chunk) => {
    told += chunk;
  });
  socket.on("error", () => socket.destroy());
  ends.push(() => socket.destroy());
  if (bytes.length > 0) socket.write(bytes);
  return { socket, told: () => told };
}

async function untilClosed({ socket }: { socket: Socket }): Promise<void> {
  await vi.waitFor(() => expect(socket.closed).toBe(true), PATIENCE);
}

describe("a listener for peers", () => {
  it("refuses the replay of everything that a peer said", async () => {
    const { b, relay } = await startPair();
    const [bytes] = relay.recorded;
    const replayed = await visit(b.peer.address.port, Buffer.concat(bytes ?? []));
    await untilClosed(replayed);
    expect(replayed.told()).toContain('"challenge"');
    expect(replayed.told()).toContain('"refused"');
    expect(replayed.told()).not.toContain('"pong"');
  });

  it.each([
    ["nonsense", "GET / HTTP/1.1\r\n\r\n"],
    ["a line without end", "x".repeat(10 * LINE_MAX_BYTES)],
    ["a proof before hello", `{"type":"proof","proof":"${"A".repeat(43)}"}\n`],
    ["somebody unknown", `{"type":"hello","from":"c","to":"b","nonce":"${mintPeerNonce()}"}\n`],
  ])("refuses %s, and goes on", async (_, bytes) => {
    const { a, b } = await startPair();
    const visitor = await visit(b.peer.address.port, bytes);
    await untilClosed(visitor);
    expect(visitor.told()).not.toContain('"challenge"');
    await untilUp(a);
  });

  it("closes who says nothing", async () => {
    const b = await start("b", "dc2");
    await untilClosed(await visit(b.peer.address.port));
  });

  it("keeps few strangers at a time, and lets a peer in all the same", async () => {
    const [a, b] = [await start("a", "dc1"), await start("b", "dc2")];
    b.set.follow([a.peer]);
    const crowd = await Promise.all(Array.from({ length: 300 }, () => visit(b.peer.address.port)));
    const connected = () => crowd.filter(({ socket }) => socket.readyState === "open").length;
    await vi.waitFor(() => {
      expect(crowd.every(({ socket }) => !socket.connecting)).toBe(true);
      expect(connected()).toBeLessThanOrEqual(UNPROVEN_PER_ADDRESS_MAX);
    }, PATIENCE);
    a.set.follow([b.peer]);
    await untilUp(a);
  });

  it("closes the connection of a peer that was removed: it is refused from then on", async () => {
    const { a, b } = await startPair();
    b.set.follow([]);
    await vi.waitFor(() => expect(a.states()).toEqual({ b: "unknown" }), PATIENCE);
  });

  it("closes the connection of a peer that has another key now", async () => {
    const { a, b } = await startPair();
    b.set.follow([{ ...a.peer, publicKey: makeKeys().publicKey }]);
    await vi.waitFor(() => expect(a.states()).toEqual({ b: "unknown" }), PATIENCE);
    b.set.follow([a.peer]);
    await untilUp(a);
  });
});

describe("a dialler", () => {
  /** Dials as `a` to `b`. */
  function dial(port: number, own: Keys, other: Keys) {
    const key = computePairKey(readOwnKey(own.privateKey), other.publicKey);
    if (key === null) throw new Error("no key");
    const events = { onAnswer: vi.fn(), onRefusal: vi.fn() };
    const target = { agentId: "a", peerId: "b", address: { host: HOST, port }, key };
    const dialler = dialPeer(target, events, SYSTEM_CLOCK);
    ends.push(() => dialler.stop());
    return events;
  }

  it("does not take somebody with another key for the peer", async () => {
    const own = makeKeys();
    const b = await start("b", "dc2");
    b.set.follow([{ agentId: "a", site: "dc1", address: { host: HOST, port: 1 }, publicKey: own.publicKey }]);
    const events = dial(b.peer.address.port, own, makeKeys());
    await vi.waitFor(() => expect(events.onRefusal).toHaveBeenCalled(), PATIENCE);
    expect(events.onAnswer).not.toHaveBeenCalled();
  });

  it("does not take its own words sent back to it for the peer's", async () => {
    const own = makeKeys();
    const mirror = createServer((socket) => socket.on("error", () => socket.destroy()).pipe(socket));
    const port = await findPort();
    mirror.listen(port, HOST);
    ends.push(() => mirror.close());
    const events = dial(port, own, makeKeys());
    await vi.waitFor(() => expect(events.onRefusal).toHaveBeenCalled(), PATIENCE);
    expect(events.onAnswer).not.toHaveBeenCalled();
  });

  it("does not take a challenge of its own listener for the peer's: a reflection by somebody in between", async () => {
    const other = makeKeys();
    const a = await start("a", "dc1");
    const b = { agentId: "b", site: "dc2", publicKey: other.publicKey };
    // Whoever answers at the address of `b` has no key, but can reach the listener of `a` in the name of `b`.
    const port = await findPort();
    const between = createServer((dialled) => {
      const listener = connect(a.peer.address.port, HOST);
      ends.push(() => listener.destroy());
      dialled.on("data", (chunk) => {
        const hello = JSON.parse(String(chunk).split("\n")[0] ?? "");
        if (hello.type === "hello") listener.write(`${JSON.stringify({ ...hello, from: "b", to: "a" })}\n`);
      });
      for (const socket of [dialled, listener]) socket.on("error", () => socket.destroy());
      listener.on("data", (chunk) => dialled.write(chunk));
    });
    between.listen(port, HOST);
    ends.push(() => between.close());
    const challenged = vi.waitFor(() => expect(a.states()).toEqual({ b: "unknown" }), PATIENCE);
    a.set.follow([{ ...b, address: { host: HOST, port } }]);
    await challenged;
    const refusals = vi.fn();
    between.on("connection", refusals);
    // It comes back each second, and is never taken in.
    await vi.waitFor(() => expect(refusals.mock.calls.length).toBeGreaterThanOrEqual(2), PATIENCE);
    expect(a.states()).toEqual({ b: "unknown" });
    expect(a.lines.filter((line) => line.startsWith("link"))).toEqual([]);
  });

  it("comes back after a connection that ended", async () => {
    const { a, relay } = await startPair();
    const before = relay.recorded.length;
    relay.drop();
    await vi.waitFor(() => expect(relay.recorded.length).toBeGreaterThan(before), PATIENCE);
    await untilUp(a);
  });

  it.skipIf(!HAS_IPV6)("reaches a peer by IPv6 (needs ::1 on this machine)", async () => {
    const [a, b] = [await start("a", "dc1", { host: "::1" }), await start("b", "dc2", { host: "::1" })];
    b.set.follow([a.peer]);
    a.set.follow([b.peer]);
    await untilUp(a);
    await untilUp(b);
  });
});

describe("a port that is taken", () => {
  it("does not keep the agent from its other work, and is had as soon as it is free", async () => {
    const squatter = createServer();
    const port = await findPort();
    await new Promise<void>((resolve) => squatter.listen(port, HOST, resolve));
    const waits: (() => void)[] = [];
    const lines: string[] = [];
    const net = await openSocketNet({
      agentId: "a",
      privateKey: makeKeys().privateKey,
      place: { listen: { host: HOST, port }, address: { host: HOST, port } },
      // Its waits end when the test says so.
      clock: {
        ...SYSTEM_CLOCK,
        after(_, act) {
          waits.push(act);
          return () => undefined;
        },
      },
      say: (line) => lines.push(line),
    });
    ends.push(() => net.close());
    expect(lines).toEqual([expect.stringContaining("EADDRINUSE")]);
    await new Promise<void>((resolve) => squatter.close(() => resolve()));
    waits.shift()?.();
    await vi.waitFor(() => expect(lines).toHaveLength(2), PATIENCE);
    expect(lines[1]).toBe(`listening for peers on ${HOST} port ${port}`);
  });
});
