import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { type RoutesQuestion, renderPoint } from "@evenkeel/contracts/told-routes";

/**
 * How an agent answers an application that knows its public key. The question carries a key that is used once; the answer
 * is sealed with what both keys agree upon, so that nobody else can read it, change it, or answer with an old one. Who
 * asks is not proven: the id of the application, which nobody can guess, is what it has to know.
 *
 * One ephemeral and one static key (NIST SP 800-56A, C(1e, 1s)), HKDF-SHA-256 (RFC 5869), AES-256-GCM (SP 800-38D).
 */

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Version of all this; part of what is agreed upon, and apart from what else an agent's key is used for. */
const INFO = "evenkeel told routes 1";

/** A question that waits for its answer. */
export interface OpenQuestion {
  readonly question: RoutesQuestion;
  /** @returns what was sealed; null: it is no answer of that agent to this question */
  open(sealed: Buffer): string | null;
}

/**
 * Makes a question.
 *
 * @param about whose routes are asked for
 * @param agentKey the agent's public key, x and y in base64url with a point between
 * @returns the question; null: that is not a point of the curve
 */
export function createQuestion(
  { instanceId, applicationId }: Pick<RoutesQuestion, "instanceId" | "applicationId">,
  agentKey: string,
): OpenQuestion | null {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = renderPoint(own.publicKey.export({ format: "jwk" }));
  const secret = agree(own.privateKey, agentKey);
  if (key === null || secret === null) return null;
  const question: RoutesQuestion = { v: 1, instanceId, applicationId, key };
  return { question, open: (sealed) => open(deriveKey(secret), question, sealed) };
}

/**
 * Seals an answer.
 *
 * @param own the agent's private key
 * @param question what was asked
 * @param text the answer
 * @returns the sealed bytes; null: the question's key is not a point of the curve
 */
export function sealAnswer(own: KeyObject, question: RoutesQuestion, text: string): Buffer | null {
  const secret = agree(own, question.key);
  if (secret === null) return null;
  // The key is this question's own, but whoever repeats the question must not get a second text under the same nonce.
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, deriveKey(secret), iv);
  cipher.setAAD(describe(question));
  const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([iv, body, cipher.getAuthTag()]);
}

function agree(privateKey: KeyObject, point: string): Buffer | null {
  const [x = "", y = ""] = point.split(".");
  try {
    const publicKey = createPublicKey({ key: { kty: "EC", crv: "P-256", x, y }, format: "jwk" });
    return diffieHellman({ privateKey, publicKey });
  } catch {
    // A point that is not on the curve: whoever sent it has no key, and there is nothing else to tell.
    return null;
  }
}

function deriveKey(secret: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(0), INFO, KEY_BYTES));
}

function describe({ v, instanceId, applicationId, key }: RoutesQuestion): Buffer {
  // JSON keeps the parts apart: no two questions have one text.
  return Buffer.from(JSON.stringify([v, instanceId, applicationId, key]));
}

function open(key: Buffer, question: RoutesQuestion, sealed: Buffer): string | null {
  if (sealed.length < IV_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(describe(question));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const body = decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES));
    return Buffer.concat([body, decipher.final()]).toString("utf8");
  } catch {
    // Sealed by somebody else, or changed on its way.
    return null;
  }
}
