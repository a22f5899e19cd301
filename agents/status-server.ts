import { createServer, type Server } from "node:http";
import type { AgentStatus } from "./run-agent.ts";

/**
 * Serves `/healthz` (200 while connected and a store is reachable, else 503) and `/metrics` (Prometheus text format).
 *
 * @param port TCP port on 127.0.0.1; 0 chooses a free one
 * @param status asks the agent
 */
export function startStatusServer(port: number, status: () => AgentStatus): Server {
  const server = createServer((request, response) => {
    const now = status();
    if (request.url === "/healthz") {
      const healthy = now.connected && now.stores.some((store) => store.reachable);
      response.writeHead(healthy ? 200 : 503, { "content-type": "application/json" });
      response.end(JSON.stringify(now));
    } else if (request.url === "/metrics") {
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" });
      response.end(renderMetrics(now));
    } else {
      response.writeHead(404);
      response.end();
    }
  });
  server.listen(port, "127.0.0.1");
  return server;
}

const LINK_GAUGES = [
  { name: "evenkeel_agent_link_up", help: "1 while the peer of another site answers." },
  { name: "evenkeel_agent_link_cut", help: "1 once a peer that was reached before is silent." },
  { name: "evenkeel_agent_link_round_trip_ms", help: "Round trip of the peer's last answer." },
] as const;

/**
 * Renders the agent's state in Prometheus' text format.
 *
 * @param status the state
 */
export function renderMetrics(status: AgentStatus): string {
  const gauge = (name: string, help: string, value: number, labels = "") =>
    `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name}${labels} ${value}\n`;
  const stores = status.stores.map(
    (store) => `evenkeel_agent_store_reachable{store="${store.store}"} ${store.reachable ? 1 : 0}\n`,
  );
  const links = status.links.flatMap(({ agentId, site, state, roundTripMs }) => {
    const labels = `{peer="${agentId}",site="${site}"}`;
    return [
      { name: "evenkeel_agent_link_up", labels, value: state === "up" ? 1 : 0 },
      { name: "evenkeel_agent_link_cut", labels, value: state === "cut" ? 1 : 0 },
      ...(roundTripMs === null
        ? []
        : [{ name: "evenkeel_agent_link_round_trip_ms", labels, value: roundTripMs }]),
    ];
  });
  return [
    gauge("evenkeel_agent_connected", "1 while the control plane is heard.", status.connected ? 1 : 0),
    gauge("evenkeel_agent_plan_version", "Version of the plan that is worked from.", status.planVersion),
    gauge("evenkeel_agent_targets", "Targets with at least one ended probe.", status.targets),
    gauge("evenkeel_agent_targets_failing", "Targets in a run of failed probes.", status.failingTargets),
    gauge(
      "evenkeel_agent_loop_late_ms",
      "Worst lateness of the event loop in the last second.",
      status.loopLateMs,
    ),
    "# HELP evenkeel_agent_store_reachable 1 while the route store takes this agent's writes.\n",
    "# TYPE evenkeel_agent_store_reachable gauge\n",
    ...stores,
    ...LINK_GAUGES.flatMap(({ name, help }) => [
      `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`,
      ...links.filter((link) => link.name === name).map(({ labels, value }) => `${name}${labels} ${value}\n`),
    ]),
  ].join("");
}
