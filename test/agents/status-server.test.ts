import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentStatus } from "../../agents/run-agent.ts";
import { renderMetrics, startStatusServer } from "../../agents/status-server.ts";

const SOUND: AgentStatus = {
  connected: true,
  planVersion: 12,
  targets: 4,
  failingTargets: 1,
  stores: [
    { store: "main", reachable: true },
    { store: "dc2", reachable: false },
  ],
  links: [
    { agentId: "agt_b", site: "dc2", state: "up", ageMs: 1, roundTripMs: 0.75 },
    { agentId: "agt_c", site: "witness", state: "cut", ageMs: 1, roundTripMs: 8 },
    { agentId: "agt_d", site: "dc2", state: "unknown", ageMs: 1, roundTripMs: null },
  ],
  loopLateMs: 1.25,
};

describe("metrics", () => {
  it("say each number once, with its help and type, as Prometheus reads them", () => {
    const lines = renderMetrics(SOUND).split("\n");
    const samples = lines.filter((line) => line !== "" && !line.startsWith("#"));
    expect(samples).toEqual([
      "evenkeel_agent_connected 1",
      "evenkeel_agent_plan_version 12",
      "evenkeel_agent_targets 4",
      "evenkeel_agent_targets_failing 1",
      "evenkeel_agent_loop_late_ms 1.25",
      'evenkeel_agent_store_reachable{store="main"} 1',
      'evenkeel_agent_store_reachable{store="dc2"} 0',
      'evenkeel_agent_link_up{peer="agt_b",site="dc2"} 1',
      'evenkeel_agent_link_up{peer="agt_c",site="witness"} 0',
      'evenkeel_agent_link_up{peer="agt_d",site="dc2"} 0',
      'evenkeel_agent_link_cut{peer="agt_b",site="dc2"} 0',
      'evenkeel_agent_link_cut{peer="agt_c",site="witness"} 1',
      'evenkeel_agent_link_cut{peer="agt_d",site="dc2"} 0',
      'evenkeel_agent_link_round_trip_ms{peer="agt_b",site="dc2"} 0.75',
      'evenkeel_agent_link_round_trip_ms{peer="agt_c",site="witness"} 8',
    ]);
    const names = [...new Set(samples.map((line) => line.split(/[ {]/, 1)[0]))];
    expect(lines.filter((line) => line.startsWith("# TYPE"))).toEqual(
      names.map((name) => `# TYPE ${name} gauge`),
    );
    expect(lines.filter((line) => line.startsWith("# HELP")).map((line) => line.split(" ")[2])).toEqual(
      names,
    );
    expect(lines.at(-1)).toBe("");
  });

  it("are numbers when nothing is known either", () => {
    const unknown = {
      ...SOUND,
      connected: false,
      planVersion: 0,
      targets: 0,
      failingTargets: 0,
      stores: [],
      links: [],
    };
    expect(renderMetrics(unknown)).toContain("\nevenkeel_agent_connected 0\n");
    expect(renderMetrics(unknown)).not.toContain("store=");
  });
});

describe("the status port", () => {
  let status: AgentStatus;
  let server: Server;
  beforeEach(async () => {
    status = SOUND;
    server = startStatusServer(0, () => status);
    await once(server, "listening");
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
    return { status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
  };

  it("is healthy only while the control plane is heard and a store takes writes", async () => {
    expect(await get("/healthz")).toMatchObject({ status: 200, text: JSON.stringify(SOUND) });
    status = { ...SOUND, connected: false };
    expect((await get("/healthz")).status).toBe(503);
    status = { ...SOUND, stores: [{ store: "main", reachable: false }] };
    expect((await get("/healthz")).status).toBe(503);
  });

  it("serves the metrics in Prometheus' text format, and nothing else", async () => {
    expect(await get("/metrics")).toEqual({
      status: 200,
      type: "text/plain; version=0.0.4",
      text: renderMetrics(SOUND),
    });
    expect((await get("/")).status).toBe(404);
  });

  it("listens on this machine only", () => {
    expect((server.address() as AddressInfo).address).toBe("127.0.0.1");
  });
});
