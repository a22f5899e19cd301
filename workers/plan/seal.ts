import type { PublicKey, Warning } from "@evenkeel/contracts/api";
import { AppError } from "@evenkeel/contracts/errors";
import { Sealed } from "@evenkeel/contracts/plan";
import { GeneralEncrypt, importJWK } from "jose";

/** Key agreement and wrapping per recipient (RFC 7518 §4.6): fits P-256 and X25519 alike. */
const KEY_ALGORITHM = "ECDH-ES+A256KW";

/** An agent that can be given secrets. */
export interface Recipient {
  readonly id: string;
  readonly publicKey: PublicKey;
}

/**
 * Seals secrets so that only the enrolled agents can open them: a JWE in general JSON serialisation (RFC 7516 §7.2.1)
 * with one recipient per agent, whose `kid` is the agent's id. The plain text is never stored.
 *
 * @param secret the secrets by name
 * @param recipients the agents
 * @returns the JWE; null if there is nothing to seal
 * @throws AppError no-agent when there are secrets and nobody to seal them to
 */
export async function seal(
  secret: Readonly<Record<string, unknown>>,
  recipients: readonly Recipient[],
): Promise<Sealed | null> {
  if (Object.keys(secret).length === 0) return null;
  if (recipients.length === 0) {
    throw new AppError(
      "no-agent",
      "Secrets are sealed to the enrolled agents, and this instance has none yet: enrol an agent first",
    );
  }
  const plain = new TextEncoder().encode(JSON.stringify(secret));
  const jwe = new GeneralEncrypt(plain).setProtectedHeader({ enc: "A256GCM" });
  // jose puts the ephemeral key of a lone recipient into the protected header, where no second one could be added to it
  // later (agents/add-recipient.ts); sealed to the same agent twice it stays with the recipient.
  const [lone] = recipients;
  const wanted = recipients.length === 1 && lone !== undefined ? [lone, lone] : recipients;
  for (const { id, publicKey } of wanted) {
    const key = await importJWK({ ...publicKey }, KEY_ALGORITHM);
    jwe.addRecipient(key).setUnprotectedHeader({ alg: KEY_ALGORITHM, kid: id });
  }
  const sealed = Sealed.parse(await jwe.encrypt());
  return { ...sealed, recipients: sealed.recipients.slice(0, recipients.length) };
}

/**
 * The agents that can open a sealed secret.
 *
 * @param sealed the secret; null: there is none
 * @returns their ids
 */
export function listSealedTo(sealed: Sealed | null | undefined): string[] {
  return (sealed?.recipients ?? []).flatMap((recipient) => {
    const kid = recipient.header?.kid;
    return typeof kid === "string" ? [kid] : [];
  });
}

/**
 * Remarks on a secret that not every agent can open: who was enrolled after it was sealed.
 *
 * @param sealed the secrets of one thing
 * @param recipients all agents
 * @returns at most one remark
 */
export function warnOfUnsealed(
  sealed: readonly (Sealed | null | undefined)[],
  recipients: readonly Recipient[],
): Warning[] {
  const missing = recipients.filter(({ id }) =>
    sealed.some((one) => one != null && !listSealedTo(one).includes(id)),
  );
  if (missing.length === 0) return [];
  const names = missing.map(({ id }) => id).join(", ");
  return [
    {
      id: "secret-not-sealed-to-all",
      text: `Agents enrolled later cannot open the secret: ${names}; approve them on an enrolled agent (evenkeel-agent approve), or enter the secret again`,
    },
  ];
}
