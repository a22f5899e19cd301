import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SYSTEM_CLOCK } from "../../../agents/clock.ts";
import type { ListenerMessage } from "../../../agents/peers/messages.ts";
import { createPeerSession, type PeerSession, type Reaction } from "../../../agents/peers/peer-session.ts";
import {
  computePairKey,
  computeProof,
  computeSeal,
  computeSessionKey,
  mintPeerNonce,
  type PairKey,
  readOwnKey,
} from "../../../agents/peers/proof.ts";
import { beginVirtualTime, endVirtualTime } from "../virtual-time.ts";
import { makeKeys } from "./make-peer.ts";

const keys = { a: makeKeys(), b: makeKeys(), stranger: makeKeys() };
const pair = (own: { privateKey: Record<string, unknown> }, other: { publicKey: string }): PairKey => {
  const key = computePairKey(readOwnKey(own.privateKey), other.publicKey);
  if (key === null) throw new Error("no key");
  return key;
};
const shared = pair(keys.a, keys.b);

let known: Map<string, PairKey>;

/** The session of agent `b`, which listens; `a` dials it. */
function listen(): PeerSession {
  return createPeerSession({ agentId: "b", clock: SYSTEM_CLOCK, findKey: (id) => known.get(id) ?? null });
}

function challengeOf(reaction: Reaction): Extract<ListenerMessage, { type: "challenge" }> {
  if (reaction.type !== "answer" || reaction.message.type !== "challenge") throw new Error(reaction.type);
  return reaction.message;
}

/** Dials with a key and returns what is needed to go on. */
function dial(session: PeerSession, key: PairKey, nonce = mintPeerNonce()) {
  const challenge = challengeOf(session.take({ type: "hello", from: "a", to: "b", nonce }));
  const transcript = { dialler: "a", listener: "b", diallerNonce: nonce, listenerNonce: challenge.nonce };
  const proof = computeProof(key, "dialler", transcript);
  return { nonce, challenge, transcript, proof, session: computeSessionKey(key, transcript) };
}

const ping = (key: PairKey, seq: number) =>
  ({ type: "ping", seq, seal: computeSeal(key, "ping", seq) }) as const;

beforeEach(() => {
  known = new Map([["a", shared]]);
  beginVirtualTime();
});
afterEach(endVirtualTime);

describe("a listener", () => {
  it("shares the key with the dialler, because each computes it from its own half", () => {
    expect(pair(keys.b, keys.a).equals(shared)).toBe(true);
    expect(pair(keys.stranger, keys.a).equals(shared)).toBe(false);
  });

  it("proves itself, lets the peer prove itself, and answers its pings in order", () => {
    const session = listen();
    const dialled = dial(session, shared);
    expect(dialled.challenge.proof).toBe(computeProof(shared, "listener", dialled.transcript));
    expect(session.take({ type: "proof", proof: dialled.proof })).toEqual({ type: "proven" });
    for (const seq of [1, 2, 3]) {
      const message = { type: "pong", seq, seal: computeSeal(dialled.session, "pong", seq) };
      expect(session.take(ping(dialled.session, seq))).toEqual({ type: "answer", message });
    }
  });

  it("refuses who is not among the peers, who means somebody else, and itself", () => {
    const nonce = mintPeerNonce();
    for (const [from, to] of [
      ["c", "b"],
      ["a", "c"],
      ["b", "b"],
    ] as const) {
      expect(listen().take({ type: "hello", from, to, nonce })).toEqual({ type: "refuse" });
    }
  });

  it("refuses a proof made with another key", () => {
    const session = listen();
    const { proof } = dial(session, pair(keys.stranger, keys.b));
    expect(session.take({ type: "proof", proof })).toEqual({ type: "refuse" });
    expect(session.isProven()).toBe(false);
  });

  it("refuses a replay: an old proof does not fit the new nonce", () => {
    const first = listen();
    const old = dial(first, shared);
    expect(first.take({ type: "proof", proof: old.proof })).toEqual({ type: "proven" });
    const second = listen();
    dial(second, shared, old.nonce);
    expect(second.take({ type: "proof", proof: old.proof })).toEqual({ type: "refuse" });
  });

  it("refuses a reflection: its own proof sent back to it", () => {
    const session = listen();
    const { challenge } = dial(session, shared);
    expect(session.take({ type: "proof", proof: challenge.proof })).toEqual({ type: "refuse" });
  });

  it("refuses a reflection across connections: the proof that it made as a dialler itself", () => {
    // `b` dials `a` through somebody in between, who uses `b`'s own listener to answer `a`'s challenge.
    const session = listen();
    const nonce = mintPeerNonce();
    const challenge = challengeOf(session.take({ type: "hello", from: "a", to: "b", nonce }));
    const asDialler = { dialler: "b", listener: "a", diallerNonce: nonce, listenerNonce: challenge.nonce };
    expect(session.take({ type: "proof", proof: computeProof(shared, "dialler", asDialler) })).toEqual({
      type: "refuse",
    });
  });

  it("answers no ping before the proof, none twice, none out of order, none with another seal", () => {
    const early = listen();
    expect(early.take(ping(dial(early, shared).session, 1))).toEqual({ type: "refuse" });
    const begin = () => {
      const session = listen();
      const dialled = dial(session, shared);
      session.take({ type: "proof", proof: dialled.proof });
      session.take(ping(dialled.session, 1));
      return { session, key: dialled.session };
    };
    const twice = begin();
    expect(twice.session.take(ping(twice.key, 1))).toEqual({ type: "refuse" });
    const gap = begin();
    expect(gap.session.take(ping(gap.key, 3))).toEqual({ type: "refuse" });
    const forged = begin();
    expect(forged.session.take(ping(shared, 2))).toEqual({ type: "refuse" });
    const mirrored = begin();
    const seal = computeSeal(mirrored.key, "pong", 2);
    expect(mirrored.session.take({ type: "ping", seq: 2, seal })).toEqual({ type: "refuse" });
  });

  it("refuses who pings faster than it should, and nobody who pings each second", async () => {
    const session = listen();
    const dialled = dial(session, shared);
    session.take({ type: "proof", proof: dialled.proof });
    for (let seq = 1; seq <= 20; seq += 1) {
      expect(session.take(ping(dialled.session, seq)).type).toBe("answer");
      await vi.advanceTimersByTimeAsync(1000);
    }
    const answers = Array.from({ length: 20 }, (_, i) => session.take(ping(dialled.session, 21 + i)).type);
    expect(answers).toContain("refuse");
  });

  it("does not take a proof for a key that changed meanwhile", () => {
    const session = listen();
    const { proof } = dial(session, shared);
    known.set("a", pair(keys.b, keys.stranger));
    expect(session.take({ type: "proof", proof })).toEqual({ type: "refuse" });
    expect(session.isCurrent()).toBe(false);
  });

  it("greets once", () => {
    const session = listen();
    const { nonce } = dial(session, shared);
    expect(session.take({ type: "hello", from: "a", to: "b", nonce })).toEqual({ type: "refuse" });
  });
});

describe("a peer's key", () => {
  it.each([
    ["no JSON", "nonsense"],
    ["a key of another curve", JSON.stringify({ kty: "EC", crv: "P-384", x: "AA", y: "AA" })],
    ["a point that is not on the curve", JSON.stringify({ kty: "EC", crv: "P-256", x: "AA", y: "AA" })],
  ])("is refused if it is %s", (_, text) => {
    expect(computePairKey(readOwnKey(keys.a.privateKey), text)).toBeNull();
  });

  it("is not told in the error about an own key that is none", () => {
    expect(() => readOwnKey({ kty: "EC", crv: "P-256", d: "the secret" })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining("the secret") }),
    );
  });
});
