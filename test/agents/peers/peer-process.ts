import type { Peer } from "../../../agents/peers/peer-net.ts";
import { startAgent, type TestAgentOptions } from "./make-peer.ts";

/*
 * An agent's links in a process of its own: its options are the first argument, the list of its peers comes as a
 * message, and with each message it is asked for its links.
 */
const options = JSON.parse(process.argv[2] ?? "") as TestAgentOptions;
const agent = await startAgent(options);
process.on("message", (message: { readonly follow?: Peer[] }) => {
  if (message.follow !== undefined) agent.set.follow(message.follow);
  process.send?.({ links: agent.set.links() });
});
process.once("disconnect", () => agent.set.stop());
process.send?.({ ready: agent.peer });
