import type { InstanceEvent } from "@evenkeel/contracts/event";
import { type LiveDataCentre, type LiveMonitor, type LiveSite, LiveView } from "@evenkeel/contracts/live";
import { because } from "@evenkeel/contracts/sentences";

/** Wall clock of the fixtures: a night in November. */
export const FIXTURE_NOW_MS = Date.UTC(2026, 10, 21, 3, 12, 40);
export const INSTANCE_ID = "ins_shop00001";

/** A healthy data centre of a monitor, seen by all three sites. */
export function makeDataCentre(name: string, change: Partial<LiveDataCentre> = {}): LiveDataCentre {
  return {
    name,
    site: `sit_${name}00001`,
    state: "normal",
    words: "answered in 1.8 ms",
    code: null,
    advice: null,
    readable: true,
    writable: true,
    latencyMs: 1.83,
    votes: { sit_dc100001: "up", sit_dc200001: "up", sit_witness01: "up" },
    healthyForMs: 7_260_000,
    ...change,
  };
}

/** A data centre that crashed, as its own site and the others see it. */
export function makeCrashed(name: string): LiveDataCentre {
  return makeDataCentre(name, {
    state: "abnormal",
    words: "connection refused at 10.1.0.5:5432 (12 probes in a row)",
    code: "ECONNREFUSED",
    advice: "Is the server running? Then check address, port and firewall.",
    latencyMs: null,
    healthyForMs: null,
    votes: { sit_dc100001: "down", sit_dc200001: "down", sit_witness01: "down" },
  });
}

/** A healthy monitor at home, armed. */
export function makeMonitor(name: string, change: Partial<LiveMonitor> = {}): LiveMonitor {
  return {
    id: `mon_${name.replaceAll("-", "")}`,
    name,
    kind: "postgresql",
    applicationId: "app_orders001",
    switchable: true,
    monitored: true,
    automatic: true,
    window: null,
    armed: true,
    home: "dc1",
    active: "dc1",
    epoch: 12,
    decision: "dec_000012",
    state: "normal",
    marks: [],
    dataCentres: [makeDataCentre("dc1"), makeDataCentre("dc2", { latencyMs: 2.41 })],
    protection: {
      targetLost: { level: "automatic", because: because("PROT-automatic", { to: "dc2" }) },
      siteLost: {
        level: "one-click",
        because: because("ARB-13", { dc: "dc1", sites: "hangzhou" }),
      },
    },
    switching: null,
    owedStores: [],
    ...change,
  };
}

function makeSite(id: string, name: string, kind: LiveSite["kind"] = "data"): LiveSite {
  const why = because("SITE-02", { site: name });
  return { id, name, kind, state: "connected", because: why, unheardForMs: null, active: [] };
}

/** The automatic switch of a night, with its time line. */
export function makeSwitchEvent(monitor: LiveMonitor): InstanceEvent {
  const atMs = FIXTURE_NOW_MS - 95_000;
  const why = because("ARB-26", {
    dc: "dc1",
    to: "dc2",
    sites: "shanghai and witness",
    agents: 2,
    probes: 5,
    forMs: 1004,
    loginS: 31,
    epoch: 13,
  });
  const mark = (
    mark: InstanceEvent["timeLine"][number]["mark"],
    offset: number,
    who: string | null,
    words: string,
  ) => ({
    mark,
    atMs: atMs + offset,
    who,
    words,
  });
  return {
    id: "evt_switch001",
    atMs: atMs + 1011,
    type: "switch-finished",
    level: "critical",
    monitorId: monitor.id,
    dataCentre: "dc2",
    because: why,
    decision: "dec_000013",
    epoch: 13,
    timeLine: [
      mark("first-failed-probe", 0, "agent-dc1-a", "6 failed probes in 1004 ms: connection refused"),
      mark("first-failed-probe", 3, "agent-witness-a", "6 failed probes in 1001 ms: connection refused"),
      mark("verdict", 1004, null, "down from enough failure domains; asking everybody"),
      mark("vote", 1004, "sit_dc100001", "down"),
      mark("vote", 1004, "sit_witness01", "down"),
      mark("confirmed", 1007, null, "the answers to the question agree"),
      mark("decided", 1007, null, why.text),
      mark("route-written", 1011, "etcd-main", "agent-dc2-a in 3 ms"),
      mark("finished", 1011, null, "epoch 13"),
    ],
  };
}

/** A picture with these monitors and events; everything else is well. */
export function makeView(monitors: readonly LiveMonitor[], change: Partial<LiveView> = {}): LiveView {
  return LiveView.parse({
    instanceId: INSTANCE_ID,
    name: "shop",
    planVersion: 7,
    atMs: FIXTURE_NOW_MS,
    settings: {},
    sites: [
      makeSite("sit_dc100001", "shanghai"),
      makeSite("sit_dc200001", "hangzhou"),
      makeSite("sit_witness01", "witness", "witness"),
    ],
    agents: [
      makeAgent("agent-dc1-a", "sit_dc100001"),
      makeAgent("agent-dc1-b", "sit_dc100001"),
      makeAgent("agent-dc2-a", "sit_dc200001"),
      makeAgent("agent-witness-a", "sit_witness01"),
    ],
    stores: [{ id: "sto_1", name: "etcd-main", reachable: true, words: "" }],
    monitors,
    events: [],
    ...change,
  });
}

/** A connected, healthy agent. */
export function makeAgent(name: string, site: string): LiveView["agents"][number] {
  const id = `agt_${name.replaceAll("-", "")}`;
  return { id, name, site, connected: true, version: "0.1.0", host: `host-${name}`, illness: null };
}

/** What an operator finds in the night: one switched away, one broken standby, one in the middle of a switch. */
export function makeNightView(): LiveView {
  const away = makeMonitor("orders-postgresql", {
    active: "dc2",
    epoch: 13,
    armed: false,
    state: "abnormal",
    marks: ["standby-not-ready"],
    dataCentres: [{ ...makeCrashed("dc1"), readable: false }, makeDataCentre("dc2")],
    protection: {
      targetLost: { level: "one-click", because: because("ARB-14", { dc: "dc2" }) },
      siteLost: { level: "one-click", because: because("ARB-14", { dc: "dc2" }) },
    },
  });
  const switching = makeMonitor("stock-mysql", {
    kind: "mysql",
    active: "dc2",
    epoch: 6,
    armed: false,
    switching: { to: "dc2", epoch: 6, step: "write-route", sinceMs: 840, kind: "operator" },
    owedStores: ["etcd-main"],
  });
  const redis = makeMonitor("sessions-redis", { kind: "redis", epoch: 3 });
  const api = makeMonitor("shop-api", {
    kind: "api",
    switchable: false,
    armed: false,
    epoch: 1,
    state: "init-failed",
    dataCentres: [
      makeDataCentre("dc1", { words: "200 in 12 ms", latencyMs: 12.2 }),
      makeDataCentre("dc2", {
        state: "init-failed",
        words: "expected 200, got 503",
        code: "503",
        latencyMs: null,
        healthyForMs: null,
        votes: { sit_dc100001: "blind", sit_dc200001: "blind", sit_witness01: "silent" },
      }),
    ],
  });
  const agents = makeView([]).agents.map((agent) =>
    agent.name === "agent-dc1-b" ? { ...agent, connected: false } : agent,
  );
  const lost: InstanceEvent = {
    id: "evt_agent0001",
    atMs: FIXTURE_NOW_MS - 61_000,
    type: "agent-lost",
    level: "major",
    monitorId: null,
    dataCentre: null,
    because: because("agent-lost", { agent: "agent-dc1-b", site: "shanghai" }),
    decision: null,
    epoch: null,
    timeLine: [],
  };
  const state: InstanceEvent = {
    ...lost,
    id: "evt_state0001",
    atMs: FIXTURE_NOW_MS - 94_900,
    type: "state-changed",
    monitorId: away.id,
    dataCentre: "dc1",
    because: because("state-abnormal", { dc: "dc1", words: "connection refused at 10.1.0.5:5432" }),
  };
  return makeView([away, switching, redis, api], {
    agents,
    events: [lost, makeSwitchEvent(away), state],
  });
}
