import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";
import type { Sealed } from "@evenkeel/contracts/plan";
import { z } from "zod";

/** Key agreement with key wrapping (RFC 7518 §4.6), the only way in which secrets are sealed. */
const ALGORITHM = "ECDH-ES+A256KW";
const KEY_BITS = 256;
/** AES key wrap (RFC 3394) with its default initial value. */
const WRAP = "id-aes256-wrap";
const WRAP_IV = Buffer.from("a6a6a6a6a6a6a6a6", "hex");

const EphemeralKey = z.object({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: z.string(),
  y: z.string(),
});
const RecipientHeader = z.object({ alg: z.literal(ALGORITHM), kid: z.string(), epk: EphemeralKey });

/** What became of a sealed secret that was to get a recipient more. */
export type AddedRecipient =
  | { readonly ok: true; readonly sealed: Sealed }
  | { readonly ok: false; readonly why: "not-sealed-to-us" | "cannot-be-shared" };

/** A private key with the id under which secrets are sealed to it. */
export interface RecipientKey {
  readonly id: string;
  readonly privateKey: JsonWebKey;
}

/**
 * Lets one agent more open a sealed secret: the content key is unwrapped with our own key and wrapped for the new one.
 * The content itself, and what is there for every other recipient, stay as they are, byte for byte: nobody has to trust
 * anybody's word about the others' keys, and the control plane can check that nothing else was touched.
 *
 * @param sealed a JWE in general serialisation (RFC 7516 §7.2.1)
 * @param own our key
 * @param added id and public key (P-256) of who is to open it too
 * @returns the secret with its new recipient, or why that cannot be done
 */
export function addRecipient(
  sealed: Sealed,
  own: RecipientKey,
  added: { readonly id: string; readonly publicKey: JsonWebKey },
): AddedRecipient {
  const mine = sealed.recipients.find((recipient) => recipient.header?.kid === own.id);
  if (mine === undefined) return { ok: false, why: "not-sealed-to-us" };
  const header = RecipientHeader.safeParse(mine.header);
  // A secret that was sealed to one agent only may keep its ephemeral key where a second recipient has no room for one.
  if (!header.success || mine.encrypted_key === undefined) return { ok: false, why: "cannot-be-shared" };
  if (added.publicKey.crv !== EphemeralKey.shape.crv.value) return { ok: false, why: "cannot-be-shared" };
  const privateKey = createPrivateKey({ key: own.privateKey, format: "jwk" });
  const ephemeralKey = createPublicKey({ key: header.data.epk, format: "jwk" });
  const wrapped = Buffer.from(mine.encrypted_key, "base64url");
  const contentKey = transform(
    createDecipheriv(WRAP, agreeOnKey(privateKey, ephemeralKey), WRAP_IV),
    wrapped,
  );
  const recipient = wrapFor(contentKey, added);
  return { ok: true, sealed: { ...sealed, recipients: [...sealed.recipients, recipient] } };
}

function wrapFor(
  contentKey: Buffer,
  { id, publicKey }: { readonly id: string; readonly publicKey: JsonWebKey },
): Sealed["recipients"][number] {
  const ephemeral = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const theirs = createPublicKey({ key: publicKey, format: "jwk" });
  const wrapped = transform(
    createCipheriv(WRAP, agreeOnKey(ephemeral.privateKey, theirs), WRAP_IV),
    contentKey,
  );
  const epk = EphemeralKey.parse(ephemeral.publicKey.export({ format: "jwk" }));
  return { header: { alg: ALGORITHM, kid: id, epk }, encrypted_key: wrapped.toString("base64url") };
}

function transform(cipher: { update(data: Buffer): Buffer; final(): Buffer }, data: Buffer): Buffer {
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/**
 * Agrees on the key that wraps the content key: the Concat KDF of NIST SP 800-56A §5.8.1 with SHA-256, as RFC 7518
 * §4.6.2 fills it in. One round is enough: the digest is as long as the key.
 */
function agreeOnKey(privateKey: KeyObject, publicKey: KeyObject): Buffer {
  const algorithm = Buffer.from(ALGORITHM, "ascii");
  return createHash("sha256")
    .update(toUint32(1))
    .update(diffieHellman({ privateKey, publicKey }))
    .update(toUint32(algorithm.length))
    .update(algorithm)
    .update(toUint32(0)) // No PartyUInfo,
    .update(toUint32(0)) // no PartyVInfo.
    .update(toUint32(KEY_BITS))
    .digest();
}

function toUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
