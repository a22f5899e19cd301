import type { AgentFrame } from "@evenkeel/contracts/agent-protocol";
import type { Connections } from "./connections.ts";
import type { TestCall, TestOutcome } from "./rpc.ts";
import { makeEntropy } from "./turn.ts";
import type { Waiters } from "./waiters.ts";

/** A test may take so long beyond the access timeout: the way to the agent and back. */
const TEST_MARGIN_MS = 3_000;

/** Who probes, and who waits for it. */
export interface ProbeOnceParts {
  readonly connections: Connections;
  readonly waiters: Waiters<Extract<AgentFrame, { type: "tested" }>>;
}

/**
 * Has a target probed once by a connected agent of a site.
 *
 * @param parts who probes, and who waits for it
 * @param call site and target
 * @returns what the agent saw
 */
export async function probeOnce(
  { connections, waiters }: ProbeOnceParts,
  call: TestCall,
): Promise<TestOutcome> {
  const agent = connections.list().find(({ attachment }) => attachment.site === call.site);
  if (agent === undefined) return { ok: false, reason: "no-agent" };
  const nonce = makeEntropy();
  const { id } = agent.attachment;
  const answered = waiters.wait(nonce, call.frame.accessTimeoutMs + TEST_MARGIN_MS);
  connections.send([id], { type: "test", nonce, ...call.frame });
  const tested = await answered;
  return tested === null
    ? { ok: false, reason: "no-answer" }
    : { ok: true, agentId: id, observation: tested.observation };
}
