import type { Sealed } from "@evenkeel/contracts/plan";
import { type GeneralJWE, generalDecrypt, importJWK } from "jose";
import { z } from "zod";
import type { AgentIdentity } from "./identity.ts";

/** Algorithms that sealed credentials may use: ECDH-ES with key wrapping, as in RFC 7518 §4.6. */
const ALGORITHMS = { keyManagementAlgorithms: ["ECDH-ES+A256KW"], contentEncryptionAlgorithms: ["A256GCM"] };

/** What became of a sealed secret. */
export type Unsealed =
  | { readonly ok: true; readonly secret: Record<string, unknown> }
  | { readonly ok: false; readonly words: string };

const Secret = z.record(z.string(), z.unknown());

/** Opens what was sealed to one agent. */
export type Unseal = (sealed: Sealed | null) => Promise<Unsealed>;

/**
 * What a sealed secret holds, whoever can open it: it stays the same when it is given to a further agent.
 *
 * @param sealed the secret
 */
export function withoutRecipients(sealed: Sealed | null): unknown {
  return sealed === null ? null : { ...sealed, recipients: [] };
}

/**
 * Makes the function that opens secrets sealed to this agent.
 *
 * @param identity the agent
 * @returns a function that answers `{}` for null, and in words why a secret cannot be opened; it never throws
 */
export async function createUnseal(identity: AgentIdentity): Promise<Unseal> {
  const key = await importJWK(identity.privateKey, "ECDH-ES+A256KW");
  return async (sealed) => {
    if (sealed === null) return { ok: true, secret: {} };
    const mine = sealed.recipients.filter((recipient) => recipient.header?.kid === identity.agentId);
    if (mine.length === 0) {
      return {
        ok: false,
        words: "the credentials were not sealed to this agent; enter them again in the console",
      };
    }
    try {
      // The schema of the contract is the JWE of RFC 7516 with every member optional where the RFC has it so.
      const jwe = { ...sealed, recipients: mine } as GeneralJWE;
      const { plaintext } = await generalDecrypt(jwe, key, ALGORITHMS);
      return { ok: true, secret: Secret.parse(JSON.parse(new TextDecoder().decode(plaintext))) };
    } catch (error) {
      // The cause may quote key material, so that only its class is told.
      const kind = error instanceof Error ? error.name : "unknown error";
      return { ok: false, words: `the sealed credentials cannot be opened with this agent's key (${kind})` };
    }
  };
}
