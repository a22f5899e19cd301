import type { AgentState } from "@evenkeel/core/arbitration/state";
import type { KnownAgent, ToldLinks } from "./ports.ts";
import type { AgentAttachment } from "./sockets.ts";

/**
 * Restores what the arbitration knows of agents after the object was rebuilt. An open socket is a connection that this
 * incarnation sees, hibernated or not; an agent without one is unseen, so that its absence does not count yet [SAFE-3].
 *
 * @param known every enrolled agent
 * @param open what the open sockets carry, with when they were last heard (control plane's clock, ms)
 * @param told what each agent told of its links last, by agent id
 * @returns the agents by id
 */
export function restoreAgents(
  known: readonly KnownAgent[],
  open: readonly { readonly attachment: AgentAttachment; readonly heardAtMs: number }[],
  told: Readonly<Record<string, ToldLinks>>,
): Record<string, AgentState> {
  const agents: Record<string, AgentState> = {};
  for (const { id, name, site } of known) {
    agents[id] = {
      id,
      name,
      site,
      connected: false,
      seen: false,
      heardAtMs: 0,
      boot: null,
      host: null,
      version: null,
      illness: null,
      stores: [],
      links: [],
    };
  }
  for (const { attachment, heardAtMs } of open) {
    const { id, name, site, hello, illness, stores } = attachment;
    if (hello === null) continue;
    const { boot, host, version } = hello;
    agents[id] = {
      id,
      name,
      site,
      connected: true,
      seen: true,
      heardAtMs,
      boot,
      host,
      version,
      illness,
      stores,
      links: told[id]?.boot === boot ? told[id].links : [],
    };
  }
  return agents;
}
