import { hostname } from "node:os";
import { exportJWK, generateKeyPair } from "jose";
import { z } from "zod";
import { callControlPlane } from "./call-control-plane.ts";
import { type AgentIdentity, saveIdentity } from "./identity.ts";

const EnrolAnswer = z.object({
  agentId: z.string(),
  agentToken: z.string(),
  instanceId: z.string(),
  siteId: z.string(),
  site: z.string(),
});

/** What an enrolment needs. */
export interface EnrolOptions {
  /** Base URL of the control plane. */
  readonly url: string;
  /** One-time enrolment token, made for one site. */
  readonly token: string;
  readonly name: string;
  /** Directory for the agent's identity and plan. */
  readonly stateDir: string;
}

/**
 * Turns a one-time token into an identity of its own: makes a key pair, registers its public half and stores the
 * agent's token with the private half.
 *
 * @param options where and as what
 * @returns the identity, already stored
 * @throws Error with the control plane's own sentence if it refuses
 */
export async function enrol(options: EnrolOptions): Promise<AgentIdentity> {
  const { publicKey, privateKey } = await generateKeyPair("ECDH-ES+A256KW", {
    crv: "P-256",
    extractable: true,
  });
  const body = {
    token: options.token,
    name: options.name,
    host: hostname(),
    publicKey: await exportJWK(publicKey),
  };
  const { url } = options;
  const call = { url, method: "POST", path: "/enrol", body, what: "the enrolment" } as const;
  const enrolled = await callControlPlane(call, EnrolAnswer);
  const identity: AgentIdentity = {
    v: 1,
    url,
    agentId: enrolled.agentId,
    instanceId: enrolled.instanceId,
    site: enrolled.siteId,
    siteName: enrolled.site,
    name: options.name,
    agentToken: enrolled.agentToken,
    privateKey: { ...(await exportJWK(privateKey)) },
  };
  await saveIdentity(options.stateDir, identity);
  return identity;
}
