import type { PublicKey, Warning } from "@evenkeel/contracts/api";
import { AppError } from "@evenkeel/contracts/errors";
import { Sealed } from "@evenkeel/contracts/plan";
import { eq } from "drizzle-orm";
import { GeneralEncrypt, importJWK } from "jose";
import { type Catalogue, within } from "../db/open.ts";
import { agents } from "../db/schema.ts";

/** Key agreement and wrapping per recipient (RFC 7518 §4.6): fits P-256 and X25519 alike. */
const KEY_ALGORITHM = "ECDH-ES+A256KW";

/** An agent that can be given secrets. */
export interface Recipient {
  readonly id: string;
  readonly publicKey: PublicKey;
}

/**
 * Lists the agents of an instance that secrets are sealed to.
 *
 * @param catalogue the catalogue
 * @param instanceId id of the instance
 * @returns the agents
 */
export function listRecipients(catalogue: Catalogue, instanceId: string): Promise<Recipient[]> {
  return within(
    catalogue
      .select({ id: agents.id, publicKey: agents.publicKey })
      .from(agents)
      .where(eq(agents.instanceId, instanceId))
      .orderBy(agents.id),
  );
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
  for (const { id, publicKey } of recipients) {
    const key = await importJWK({ ...publicKey }, KEY_ALGORITHM);
    jwe.addRecipient(key).setUnprotectedHeader({ alg: KEY_ALGORITHM, kid: id });
  }
  return Sealed.parse(await jwe.encrypt());
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
      text: `Agents enrolled later cannot open the secret: ${names}; enter the secret again to seal it to all`,
    },
  ];
}
