import type { EdgeProbe, EdgeRequest, EdgeTarget } from "@evenkeel/contracts/edge-sight";

/** Requests that wait for an answer at a time: the platform allows six. */
const AT_A_TIME = 6;
/** A target of an impatient monitor gets at least so long, in milliseconds: the way from the edge is longer. */
const LEAST_PATIENCE_MS = 3_000;
/** The longest that one target may take, in milliseconds: the minute's pass has to come to its end. */
const MOST_PATIENCE_MS = 10_000;

/** Sends a request; the platform's `fetch` but for tests. */
export type SendRequest = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Asks public targets once each, from where the control plane is.
 *
 * @param targets what to ask
 * @param send sends a request
 * @returns what was seen, in the same order
 */
export async function probeFromEdge(
  targets: readonly EdgeTarget[],
  send: SendRequest = (url, init) => fetch(url, init),
): Promise<EdgeProbe[]> {
  const probes: EdgeProbe[] = [];
  for (let at = 0; at < targets.length; at += AT_A_TIME) {
    probes.push(...(await Promise.all(targets.slice(at, at + AT_A_TIME).map((one) => probe(one, send)))));
  }
  return probes;
}

async function probe(target: EdgeTarget, send: SendRequest): Promise<EdgeProbe> {
  const { monitorId, dataCentre, targetVersion, request, accessTimeoutMs } = target;
  const patienceMs = Math.min(Math.max(accessTimeoutMs, LEAST_PATIENCE_MS), MOST_PATIENCE_MS);
  return { monitorId, dataCentre, targetVersion, outcome: await ask(request, patienceMs, send) };
}

/** The clock of a Worker stands still while it computes, and goes on with each answer: that is what is measured here. */
async function ask(
  request: EdgeRequest,
  patienceMs: number,
  send: SendRequest,
): Promise<EdgeProbe["outcome"]> {
  const { url, method, headers } = request;
  const startedAtMs = Date.now();
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const answer = await send(url, { method, headers, redirect: "manual", cache: "no-store", signal });
    const latencyMs = Date.now() - startedAtMs;
    // Nobody reads the body: a target that never ends it must not keep the connection.
    await answer.body?.cancel();
    return { type: "answered", sample: { status: answer.status }, latencyMs };
  } catch {
    // The platform tells no cause that may be shown: its messages carry references of its own.
    const afterMs = Date.now() - startedAtMs;
    return { type: signal.aborted ? "timed-out" : "failed", afterMs };
  }
}
