import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { z } from "zod";

/** Version of the proof; part of what is proven, so that two versions never take each other's word. */
const PROOF_VERSION = "evenkeel peer link 1";
const NONCE_BYTES = 32;
const KEY_BYTES = 32;

/** What both sides of one connection agree upon; everything that is proven is bound to all of it. */
export interface Transcript {
  readonly dialler: string;
  readonly listener: string;
  readonly diallerNonce: string;
  readonly listenerNonce: string;
}

/** A key that two agents share and nobody else can compute; it never leaves the process. */
export type PairKey = Buffer;

const PublicJwk = z.object({ kty: z.literal("EC"), crv: z.literal("P-256"), x: z.string(), y: z.string() });
const PrivateJwk = PublicJwk.extend({ d: z.string() });

/**
 * Reads an agent's own key.
 *
 * @param jwk the private key of its identity
 * @returns the key
 * @throws Error that names no part of the key
 */
export function readOwnKey(jwk: Record<string, unknown>): KeyObject {
  const parsed = PrivateJwk.safeParse(jwk);
  if (!parsed.success)
    throw new Error("the identity holds no P-256 key, so that it cannot prove itself to its peers");
  return createPrivateKey({ key: parsed.data, format: "jwk" });
}

/**
 * Computes the key of a pair of agents: static Diffie-Hellman of their own keys (NIST SP 800-56A, C(0e, 2s)) through
 * HKDF-SHA-256 (RFC 5869). The label keeps it apart from what the same keys unseal.
 *
 * @param own the private key of this agent
 * @param publicKey the peer's public JWK as JSON
 * @returns null if that is not a P-256 key
 */
export function computePairKey(own: KeyObject, publicKey: string): PairKey | null {
  const jwk = readPublicJwk(publicKey);
  if (jwk === null) return null;
  try {
    const secret = diffieHellman({
      privateKey: own,
      publicKey: createPublicKey({ key: jwk, format: "jwk" }),
    });
    return Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(0), PROOF_VERSION, KEY_BYTES));
  } catch {
    // A point that is not on the curve: whoever sent it has no key, and there is nothing else to tell.
    return null;
  }
}

function readPublicJwk(text: string): z.infer<typeof PublicJwk> | null {
  try {
    return PublicJwk.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Text that is not JSON is no key either; the caller tells which peer has none.
    return null;
  }
}

/** Makes a nonce that was never used before. */
export function mintPeerNonce(): string {
  return randomBytes(NONCE_BYTES).toString("base64url");
}

/**
 * Computes a proof that its maker holds the pair's key. Both nonces are fresh, so an old proof proves nothing (replay);
 * the role is part of it, so a side's own proof sent back to it proves nothing either (reflection); and the ids stand
 * in it by role, so that a proof for one peer or direction is none for another.
 *
 * @param key the pair's key
 * @param role who proves
 * @param transcript what the connection is
 * @returns base64url of HMAC-SHA-256 (RFC 2104)
 */
export function computeProof(key: PairKey, role: "dialler" | "listener", transcript: Transcript): string {
  return computeMac(key, ["proof", role, ...listTranscript(transcript)]);
}

/**
 * Computes the key of one connection; pings and their answers are sealed with it.
 *
 * @param key the pair's key
 * @param transcript what the connection is
 */
export function computeSessionKey(key: PairKey, transcript: Transcript): PairKey {
  const info = JSON.stringify([PROOF_VERSION, "session", ...listTranscript(transcript)]);
  // The info of HKDF is bounded to 1024 bytes, hence the digest.
  return createHmac("sha256", key).update(info).digest();
}

/**
 * Computes the seal of a ping or of its answer.
 *
 * @param session key of the connection
 * @param kind which of the two
 * @param seq number of the ping within the connection; from 1, without gaps
 */
export function computeSeal(session: PairKey, kind: "ping" | "pong", seq: number): string {
  return computeMac(session, [kind, String(seq)]);
}

/** Compares two proofs or seals in a time that does not tell where they differ. */
export function isSame(expected: string, got: string): boolean {
  const left = Buffer.from(expected);
  const right = Buffer.from(got);
  return left.length === right.length && timingSafeEqual(left, right);
}

function listTranscript({ dialler, listener, diallerNonce, listenerNonce }: Transcript): string[] {
  return [dialler, listener, diallerNonce, listenerNonce];
}

function computeMac(key: PairKey, parts: readonly string[]): string {
  // JSON keeps the parts apart: no two lists have one text.
  const text = JSON.stringify([PROOF_VERSION, ...parts]);
  return createHmac("sha256", key).update(text).digest("base64url");
}
