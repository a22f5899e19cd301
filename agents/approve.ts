import { CredentialsShared, CredentialsView } from "@evenkeel/contracts/api-credentials";
import { calculateJwkThumbprint } from "jose";
import { addRecipient } from "./add-recipient.ts";
import { callControlPlane } from "./call-control-plane.ts";
import type { AgentIdentity } from "./identity.ts";

/** Secrets that are sent in one call: each may carry a hundred recipients. */
const AT_A_TIME = 10;

/** What came of an approval. */
export interface Approval {
  /** Who was approved. */
  readonly name: string;
  readonly site: string;
  /** Secrets that it can open now, and could not before. */
  readonly given: number;
  /** Places of secrets that this agent could not pass on, with the reason. */
  readonly left: readonly { readonly place: string; readonly why: string }[];
}

/**
 * Computes the fingerprint of an agent's key: its JWK thumbprint (RFC 7638).
 *
 * @param jwk the key; the private half is not part of it
 */
export async function computeFingerprint(jwk: Record<string, unknown>): Promise<string> {
  return await calculateJwkThumbprint(jwk, "sha256");
}

/**
 * Lets a newly enrolled agent open the instance's secrets. The person who calls this has compared the fingerprint with
 * the one that the new agent printed: the control plane, which stores all public keys, is not believed here.
 *
 * @param identity an agent that can open the secrets
 * @param fingerprint of the new agent's key, whole
 * @returns what was passed on
 * @throws Error in one sentence, when there is no such agent or the control plane refuses
 */
export async function approve(identity: AgentIdentity, fingerprint: string): Promise<Approval> {
  const { url, agentToken: token } = identity;
  const general = { url, token, path: "/agents/credentials", what: "the approval" };
  const { agents, secrets } = await callControlPlane({ ...general, method: "GET" }, CredentialsView);
  const prints = await Promise.all(agents.map((agent) => computeFingerprint(agent.publicKey)));
  const added = agents[prints.indexOf(fingerprint)];
  if (added === undefined) {
    throw new Error(
      `no agent of this instance has the key ${fingerprint}: compare it with what the new agent printed when it was enrolled`,
    );
  }
  const left: { place: string; why: string }[] = [];
  const own = { id: identity.agentId, privateKey: identity.privateKey };
  const shared = secrets.flatMap(({ place, sealed }) => {
    if (sealed.recipients.some((recipient) => recipient.header?.kid === added.id)) return [];
    const result = addRecipient(sealed, own, added);
    if (result.ok) return [{ place, sealed: result.sealed }];
    left.push({ place, why: REASONS[result.why] });
    return [];
  });
  let given = 0;
  for (let at = 0; at < shared.length; at += AT_A_TIME) {
    const body = { secrets: shared.slice(at, at + AT_A_TIME) };
    const answer = await callControlPlane({ ...general, method: "POST", body }, CredentialsShared);
    given += answer.taken;
    for (const place of answer.outdated) left.push({ place, why: REASONS.outdated });
  }
  return { name: added.name, site: added.site, given, left };
}

const REASONS = {
  "not-sealed-to-us": "this agent cannot open it either: approve on another agent, or enter the secret again",
  "cannot-be-shared": "it was sealed by an older version: enter the secret again",
  outdated: "it was changed at this moment: approve again",
} as const;
