import type { SdkConfig, SdkFallback } from "@evenkeel/contracts/sdk-config";
import { AGENT_ROUTES_PATH, ANSWER_MAX_BYTES, ToldRoutes } from "@evenkeel/contracts/told-routes";
import { createQuestion } from "@evenkeel/route-store/seal-answer";

/** How long one agent, and the control plane, may take to answer, in milliseconds. */
const AGENT_MS = 1000;
const CONTROL_PLANE_MS = 3000;

/** Who told. */
export type Teller = "agent" | "control-plane";

/** What was told, and by whom. */
export interface Told {
  readonly by: Teller;
  readonly told: ToldRoutes;
}

/** Asks for routes beside the store: the site's agents first, then the control plane. @returns null: nobody knows them */
export type AskElsewhere = (signal: AbortSignal) => Promise<Told | null>;

/**
 * Makes the way to ask for routes while the store does not tell them. What comes back is proven: an agent's answer by its
 * key, the control plane's by its certificate where it is asked over TLS.
 *
 * @param config whose routes, and who is asked
 * @returns null: nobody is named who could be asked
 */
export function createAskElsewhere({
  props,
  fallback,
}: Pick<SdkConfig, "props" | "fallback">): AskElsewhere | null {
  if (fallback === undefined) return null;
  const { agents, controlPlane, token } = fallback;
  const mayAskControlPlane = controlPlane !== undefined && token !== undefined && token !== "";
  if (agents.length === 0 && !mayAskControlPlane) return null;
  const about = { instanceId: props.instanceId, applicationId: props.appId };
  return async (signal) => {
    const told = await firstOf(agents.map((agent) => askAgent(about, agent, signal)));
    if (told !== null) return { by: "agent", told };
    if (!mayAskControlPlane || signal.aborted) return null;
    const answered = await askControlPlane(about, controlPlane, token, signal);
    return answered === null ? null : { by: "control-plane", told: answered };
  };
}

type About = Parameters<typeof createQuestion>[0];

/** The first answer that tells something; null: none does. */
async function firstOf(asked: readonly Promise<ToldRoutes | null>[]): Promise<ToldRoutes | null> {
  const told = asked.map(async (one) => (await one) ?? Promise.reject(new Error("nothing was told")));
  try {
    return await Promise.any(told);
  } catch {
    // Each of them was asked, or there is none.
    return null;
  }
}

async function askAgent(
  about: About,
  { address, key }: SdkFallback["agents"][number],
  signal: AbortSignal,
): Promise<ToldRoutes | null> {
  const open = createQuestion(about, key);
  if (open === null) return null;
  const sealed = await call(`http://${address}${AGENT_ROUTES_PATH}`, AGENT_MS, signal, {
    method: "POST",
    body: JSON.stringify(open.question),
  });
  return sealed === null ? null : parse(open.open(sealed));
}

async function askControlPlane(
  { instanceId, applicationId }: About,
  controlPlane: string,
  token: string,
  signal: AbortSignal,
): Promise<ToldRoutes | null> {
  const [instance, application] = [instanceId, applicationId].map(encodeURIComponent);
  const url = new URL(`/api/v1/instances/${instance}/applications/${application}/routes`, controlPlane);
  const body = await call(url.href, CONTROL_PLANE_MS, signal, {
    headers: { authorization: `Bearer ${token}` },
  });
  return body === null ? null : parse(body.toString("utf8"));
}

/** @returns the body of an answer with status 200; null: there is none, or it is too long */
async function call(
  url: string,
  withinMs: number,
  signal: AbortSignal,
  init: RequestInit,
): Promise<Buffer | null> {
  try {
    // A redirect could lead the token elsewhere.
    const limits: RequestInit = {
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(withinMs)]),
    };
    const response = await fetch(url, { ...init, ...limits });
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      return null;
    }
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for await (const part of response.body) {
      bytes += part.byteLength;
      if (bytes > ANSWER_MAX_BYTES) return null;
      parts.push(part);
    }
    return Buffer.concat(parts);
  } catch {
    // Whoever does not answer is asked again later; that the store is away is told by the watch.
    return null;
  }
}

function parse(text: string | null): ToldRoutes | null {
  if (text === null) return null;
  try {
    return ToldRoutes.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    // Text that is not JSON tells nothing.
    return null;
  }
}
