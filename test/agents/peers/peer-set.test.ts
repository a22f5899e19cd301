import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SYSTEM_CLOCK } from "../../../agents/clock.ts";
import type { Peer, PeerEvents } from "../../../agents/peers/peer-net.ts";
import { createPeerSet } from "../../../agents/peers/peer-set.ts";
import { beginVirtualTime, endVirtualTime } from "../virtual-time.ts";

const B: Peer = { agentId: "b", site: "dc2", address: { host: "10.0.0.2", port: 7300 }, publicKey: "key-b" };
const C: Peer = { ...B, agentId: "c", site: "witness", publicKey: "key-c" };

/** A set whose net is in the test's hand: the events of whom it reaches, and what it stopped. */
function makeSet() {
  const reached = new Map<string, PeerEvents>();
  const log: string[] = [];
  const changes = vi.fn();
  const set = createPeerSet({
    clock: SYSTEM_CLOCK,
    site: "dc1",
    net: {
      address: { host: "10.0.0.1", port: 7300 },
      reach(peer, events) {
        if (peer.publicKey === "unreadable") return null;
        log.push(`+${peer.agentId}`);
        reached.set(peer.agentId, events);
        return { stop: () => void log.push(`-${peer.agentId}`) };
      },
      close: () => void log.push("closed"),
    },
    onChange: changes,
    say: (line) => void log.push(line),
  });
  const events = (id: string): PeerEvents => {
    const found = reached.get(id);
    if (found === undefined) throw new Error(`${id} is not reached`);
    return found;
  };
  const state = (id: string) => set.links().find((link) => link.agentId === id)?.state;
  return { set, log, changes, events, state };
}

beforeEach(() => beginVirtualTime());
afterEach(endVirtualTime);

describe("a set of peers", () => {
  it("reaches the agents of other sites, and nobody of its own", () => {
    const { set, log } = makeSet();
    set.follow([B, C, { ...B, agentId: "d", site: "dc1" }]);
    expect(log).toEqual(["+b", "+c"]);
    expect(set.links().map((link) => link.state)).toEqual(["unknown", "unknown"]);
  });

  it("leaves alone who did not change, drops who is gone, and begins anew with who moved or has another key", () => {
    const { set, log, events, state } = makeSet();
    set.follow([B, C]);
    events("b").onAnswer(1);
    events("c").onAnswer(1);
    log.length = 0;
    set.follow([B, C]);
    expect(log).toEqual([]);
    set.follow([{ ...B, publicKey: "another" }]);
    expect(log).toEqual(["-b", "-c", "+b"]);
    expect(state("b")).toBe("unknown");
    set.follow([{ ...B, publicKey: "another", address: { host: "10.0.0.9", port: 7300 } }]);
    expect(log.slice(3)).toEqual(["-b", "+b"]);
  });

  it("does not listen to the last words of a peer that it left", () => {
    const { set, events, state } = makeSet();
    set.follow([B]);
    const old = events("b");
    set.follow([{ ...B, publicKey: "another" }]);
    old.onAnswer(1);
    expect(state("b")).toBe("unknown");
    set.follow([]);
    old.onAnswer(1);
    expect(set.links()).toEqual([]);
  });

  it("tells each change of a state once", async () => {
    const { set, events, changes, state } = makeSet();
    set.follow([B]);
    changes.mockClear();
    events("b").onAnswer(1);
    events("b").onAnswer(2);
    expect(changes).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(state("b")).toBe("cut");
    expect(changes).toHaveBeenCalledTimes(2);
    events("b").onRefusal();
    expect(state("b")).toBe("unknown");
    expect(changes).toHaveBeenCalledTimes(3);
  });

  it("does not take its own standstill for the peer's silence", async () => {
    const { set, events, state } = makeSet();
    set.follow([B]);
    events("b").onAnswer(1);
    await vi.advanceTimersByTimeAsync(1000);
    // The process stands still for a minute: the clock goes on, no timer fires.
    vi.setSystemTime(Date.now() + 60_000);
    await vi.advanceTimersByTimeAsync(300);
    expect(state("b")).toBe("up");
    await vi.advanceTimersByTimeAsync(3500);
    expect(state("b")).toBe("cut");
  });

  it("says whose key cannot be read, and goes on with the others", () => {
    const { set, log } = makeSet();
    set.follow([{ ...B, publicKey: "unreadable" }, C]);
    expect(log).toEqual(["peer b has no readable key and is left out", "+c"]);
    expect(set.links().map((link) => link.agentId)).toEqual(["c"]);
  });

  it("stops with everything that it reaches", () => {
    const { set, log } = makeSet();
    set.follow([B]);
    set.stop();
    expect(log).toEqual(["+b", "-b", "closed"]);
  });

  it("without a port of its own has no links", () => {
    const set = createPeerSet({
      clock: SYSTEM_CLOCK,
      site: "dc1",
      net: null,
      onChange: () => undefined,
      say: () => undefined,
    });
    set.follow([B]);
    expect(set.links()).toEqual([]);
    set.stop();
  });
});
