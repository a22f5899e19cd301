import { hostname } from "node:os";
import { exportJWK, generateKeyPair } from "jose";
import { request } from "undici";
import { z } from "zod";
import { type AgentIdentity, saveIdentity } from "./identity.ts";

/** How long the control plane may take to enrol an agent, in milliseconds. */
const ENROL_TIMEOUT_MS = 10_000;
/** Largest answer that is read, in characters. */
const ANSWER_MAX = 100_000;

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
  const answer = await request(new URL("/api/v1/enrol", options.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    headersTimeout: ENROL_TIMEOUT_MS,
    bodyTimeout: ENROL_TIMEOUT_MS,
  });
  const text = (await answer.body.text()).slice(0, ANSWER_MAX);
  if (answer.statusCode !== 200 && answer.statusCode !== 201)
    throw new Error(describeRefusal(answer.statusCode, text));
  const enrolled = EnrolAnswer.parse(JSON.parse(text));
  const identity: AgentIdentity = {
    v: 1,
    url: options.url,
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

const ProblemAnswer = z.object({ detail: z.string(), code: z.string() });

function describeRefusal(status: number, text: string): string {
  try {
    const problem = ProblemAnswer.parse(JSON.parse(text));
    return `the control plane refused the enrolment (${problem.code}): ${problem.detail}`;
  } catch {
    return `the control plane answered the enrolment with status ${status} and no explanation; is the URL right?`;
  }
}
