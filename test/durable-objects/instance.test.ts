import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { PING } from "@evenkeel/contracts/agent-protocol";
import { type MonitorView, TokenCreated } from "@evenkeel/contracts/api";
import { BatchResult, CommandResult } from "@evenkeel/contracts/command";
import { InstanceEvent } from "@evenkeel/contracts/event";
import { ConsoleFrame, Explanation, type LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import { listLinks } from "@evenkeel/durable-objects/instance/peer-directory";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type Arranged,
  arrange,
  ask,
  BASE,
  becomeOwner,
  type Caller,
  call,
  createMonitor,
  refused,
} from "../workers/control-plane.ts";
import {
  connect,
  type EnrolledAgent,
  enrol,
  type FakeAgent,
  join,
  misses,
  sees,
} from "../workers/fake-agent.ts";

let owner: Caller;
let arranged: Arranged;
let enrolled: readonly EnrolledAgent[];
let monitor: MonitorView;
let store: string;
const open: FakeAgent[] = [];

beforeAll(async () => {
  owner = await becomeOwner();
});

beforeEach(async () => {
  for (const agent of open.splice(0)) agent.close();
  arranged = await arrangeFresh();
  enrolled = [
    await enrol(owner, arranged, "dc1"),
    await enrol(owner, arranged, "dc2"),
    await enrol(owner, arranged, "witness"),
  ];
  const answer = await call(owner, "PUT", `${arranged.path}/stores/main`, {
    endpoints: ["http://10.0.0.1:2379"],
  });
  store = (answer.body as { id: string }).id;
  monitor = await createMonitor(owner, arranged);
});

/** Quotas are small, so that each test clears away what the one before left. */
async function arrangeFresh(): Promise<Arranged> {
  const tables = [
    "data_centres",
    "monitors",
    "applications",
    "agents",
    "enrolment_tokens",
    "stores",
    "plans",
  ];
  const all = [...tables, "sites", "instances", "namespaces"];
  await env.DB.batch(all.map((table) => env.DB.prepare(`delete from ${table}`)));
  return arrange(owner);
}

async function joinAll(): Promise<FakeAgent[]> {
  const agents: FakeAgent[] = [];
  for (const one of enrolled) {
    const agent = await join(one);
    open.push(agent);
    agents.push(agent);
    await acknowledged(agent, agent.report([sees(monitor.id, "dc1"), sees(monitor.id, "dc2")], store, true));
  }
  return agents;
}

async function acknowledged(agent: FakeAgent, seq: number): Promise<void> {
  for (;;) if ((await agent.take("ack")).seq === seq) return;
}

async function live(): Promise<LiveView> {
  return ask(owner, "GET", `${arranged.path}/live`, LiveView);
}

async function liveMonitor(): Promise<LiveMonitor> {
  const found = (await live()).monitors.find(({ id }) => id === monitor.id);
  if (found === undefined) throw new Error("the monitor is not in the picture");
  return found;
}

const eventTypes = async () => (await live()).events.map(({ type }) => type);

const stub = () => env.INSTANCE.getByName(arranged.instanceId);

/** All agents see dc1 down; the first one speaks last, so that its report completes the picture. */
async function dc1Fails(agents: readonly FakeAgent[]): Promise<void> {
  for (const agent of agents) agent.report([misses(monitor.id, "dc1")], store);
  for (const agent of agents) {
    const { nonce } = await agent.take("ask");
    agent.send({
      type: "answer",
      nonce,
      illness: null,
      stores: [{ store, reachable: true, words: "" }],
      links: [],
      observations: [misses(monitor.id, "dc1"), sees(monitor.id, "dc2")],
    });
  }
}

/** An agent writes the route that it is told to write. */
async function writes(agent: FakeAgent): Promise<number> {
  const [write] = (await agent.take("write-routes")).writes;
  if (write === undefined) throw new Error("nothing to write");
  const { monitorId, route, step } = write;
  const outcome = { result: "stored" as const, written: true };
  agent.send({
    type: "written",
    results: [{ monitorId, store, epoch: route.epoch, step, tookMs: 1, outcome }],
  });
  return route.epoch;
}

describe("an agent's connection", () => {
  it("is welcomed with plan and routes", async () => {
    const agent = await connect(enrolled[0] ?? { agentToken: "" });
    open.push(agent);
    agent.hello();
    const welcome = await agent.take("welcome");
    expect(welcome).toMatchObject({ agentId: enrolled[0]?.agentId, site: arranged.sites.dc1, protocol: 1 });
    expect(welcome.plan.monitors.map(({ id }) => id)).toEqual([monitor.id]);
    expect(welcome.routes[0]).toMatchObject({ monitorId: monitor.id, route: { epoch: 1, active: "dc1" } });
  });

  it("gets an acknowledgement for a report, and a plan when it changes", async () => {
    const [agent] = await joinAll();
    await call(owner, "PATCH", `${arranged.path}/monitors/${monitor.id}`, { automatic: false });
    const plan = await agent?.take("plan");
    expect(plan?.plan.monitors[0]?.automatic).toBe(false);
    expect((await liveMonitor()).state).toBe("normal");
  });

  it.each([
    ["text that is not JSON", "nonsense", "not JSON"],
    ["a frame of an unknown type", JSON.stringify({ type: "nonsense" }), "type"],
    ["a report before hello", JSON.stringify({ type: "tested" }), ""],
    ["a binary frame", new ArrayBuffer(4), "binary"],
  ])(
    "is closed as malformed for %s, with what is wrong and not with what was sent",
    async (_, frame, words) => {
      const agent = await connect(enrolled[0] ?? { agentToken: "" });
      agent.sendRaw(frame);
      const { code, reason } = await agent.ended();
      expect(code).toBe(4400);
      expect(reason).toContain(words);
      expect(reason).not.toContain("nonsense");
    },
  );

  it("is closed for another protocol version, saying which one is spoken here", async () => {
    const agent = await connect(enrolled[0] ?? { agentToken: "" });
    agent.sendRaw(JSON.stringify({ type: "hello", protocol: 9, news: true }));
    const { code, reason } = await agent.ended();
    expect({ code, reason }).toEqual({ code: 4426, reason: expect.stringContaining("speaks 1") });
  });

  it("is replaced by a newer one of the same agent, which is not lost by that", async () => {
    const [first] = await joinAll();
    const second = await join(enrolled[0] ?? { agentToken: "" });
    open.push(second);
    expect(await first?.ended()).toMatchObject({ code: 4409 });
    const view = await live();
    expect(view.agents.every(({ connected }) => connected)).toBe(true);
    expect(view.events.filter(({ type }) => type === "agent-lost")).toEqual([]);
  });

  it("is noted as lost when it ends", async () => {
    const agents = await joinAll();
    agents[2]?.close();
    await expect.poll(async () => (await live()).events[0]?.type).toBe("agent-lost");
    expect((await live()).agents.filter(({ connected }) => !connected)).toHaveLength(1);
  });

  it("is answered its pings while the object is evicted, and counts as heard by them", async () => {
    const [agent] = await joinAll();
    await evictDurableObject(stub());
    agent?.sendRaw(PING);
    await agent?.ponged();
    const heardAtMs = await runInDurableObject(stub(), (_, state) =>
      state.getWebSockets().map((socket) => state.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0),
    );
    expect(Math.max(...heardAtMs)).toBeGreaterThan(0);
  });
});

describe("the peers of an agent", () => {
  const at = (port: number) => ({ host: "10.0.0.1", port });
  const joinAt = async (index: number, port: number) => {
    const agent = await join(enrolled[index] ?? { agentToken: "" }, at(port));
    open.push(agent);
    return agent;
  };
  const told = async (agent: FakeAgent) =>
    (await agent.take("peers")).peers.map(({ agentId, site, address, publicKey }) => {
      expect(JSON.parse(publicKey)).toMatchObject({ kty: "EC", crv: "P-256" });
      return { agentId, site, port: address.port };
    });
  const peerOf = (index: number, site: string, port: number) => ({
    agentId: enrolled[index]?.agentId,
    site: arranged.sites[site],
    port,
  });

  it("are told at its welcome, and again when one comes, moves or is removed", async () => {
    const first = await joinAt(0, 1001);
    expect(await told(first)).toEqual([]);
    const second = await joinAt(1, 1002);
    expect(await told(second)).toEqual([peerOf(0, "dc1", 1001)]);
    expect(await told(first)).toEqual([peerOf(1, "dc2", 1002)]);
    const moved = await joinAt(1, 2002);
    expect(await told(moved)).toEqual([peerOf(0, "dc1", 1001)]);
    expect(await told(first)).toEqual([peerOf(1, "dc2", 2002)]);
    await call(owner, "DELETE", `${arranged.path}/agents/${enrolled[1]?.agentId}`);
    expect(await told(first)).toEqual([]);
  });

  it("[SAFE-3] stay on the list while they are gone: their silence is what the others are to tell", async () => {
    const second = await joinAt(1, 1002);
    await told(second);
    second.close();
    await expect.poll(async () => (await live()).events[0]?.type).toBe("agent-lost");
    await evictDurableObject(stub());
    expect(await told(await joinAt(0, 1001))).toEqual([peerOf(1, "dc2", 1002)]);
  });

  it("are not told to who does not listen for them, and who stops to listen is none any more", async () => {
    const first = await joinAt(0, 1001);
    await told(first);
    await told(await joinAt(1, 1002));
    expect(await told(first)).toHaveLength(1);
    const deaf = await join(enrolled[1] ?? { agentToken: "" });
    open.push(deaf);
    expect(await told(first)).toEqual([]);
    await acknowledged(deaf, deaf.report([], store, true));
    expect(deaf.frames.filter(({ type }) => type === "peers")).toEqual([]);
  });

  it("[SAFE-3] and the links to them are not forgotten by an object that slept: agents tell only what changes", async () => {
    const first = await joinAt(0, 1001);
    const [agentId, site] = [enrolled[1]?.agentId ?? "", arranged.sites.dc2 ?? ""];
    const link = { agentId, site, state: "cut" as const, ageMs: 5, roundTripMs: 0.5 };
    await acknowledged(first, first.report([], store, true, [link]));
    await evictDurableObject(stub());
    const restored = await runInDurableObject(stub(), (_, { storage }) => listLinks(storage.sql));
    expect(restored).toEqual({
      [enrolled[0]?.agentId ?? ""]: { boot: first.boot, links: [{ ...link, ageMs: 0, roundTripMs: null }] },
    });
  });

  it("are known to an object of an older version as soon as they connect again", async () => {
    await runInDurableObject(stub(), (_, state) => {
      for (const column of ["public_key", "peer", "links"])
        state.storage.sql.exec(`alter table agents drop column ${column}`);
    });
    await evictDurableObject(stub());
    await joinAt(0, 1001);
    expect(await told(await joinAt(1, 1002))).toEqual([peerOf(0, "dc1", 1001)]);
  });
});

describe("a failing home", () => {
  it("[SAFE-4] is asked about, switched away from, and reported as done once a store has the route", async () => {
    const agents = await joinAll();
    await dc1Fails(agents);
    const epochs = await Promise.all(agents.map(writes));
    expect(epochs).toEqual([2, 2, 2]);
    await expect.poll(eventTypes).toContain("switch-finished");
    expect(await liveMonitor()).toMatchObject({ active: "dc2", epoch: 2, armed: false });
  });

  it("[SAFE-7] is still being switched from after an eviction in the middle", async () => {
    const agents = await joinAll();
    await dc1Fails(agents);
    await agents[0]?.take("write-routes");
    await evictDurableObject(stub());
    expect(await liveMonitor()).toMatchObject({ epoch: 2, switching: { to: "dc2", epoch: 2 } });
    await runDurableObjectAlarm(stub());
    const [again] = agents;
    if (again === undefined) throw new Error("no agent");
    again.frames.splice(0);
    await expect
      .poll(async () => {
        await runDurableObjectAlarm(stub());
        return again.frames.some(({ type }) => type === "write-routes");
      })
      .toBe(true);
    await writes(again);
    await expect.poll(async () => (await liveMonitor()).switching).toBeNull();
  });
});

describe("the processes of an application", () => {
  const decisionOf = async () => (await liveMonitor()).decision;
  const record = (epoch: number, decision: string) => ({
    ...{ v: 1 as const, host: "web-1", pid: 7, sdk: "evenkeel-node 0.1.0", startedAt: "" },
    routes: { [monitor.id]: { epoch, decision } },
  });
  const tell = (agent: FakeAgent, anew: boolean, epoch: number, decision: string) =>
    agent.send({
      ...{ type: "processes", store, anew, more: false },
      processes: [
        { applicationId: monitor.applicationId, id: "p1", ageMs: 5, record: record(epoch, decision) },
      ],
    });

  it("are told by one agent, and by another one when that is gone", async () => {
    const agents = await joinAll();
    const [first, second] = agents;
    if (first === undefined || second === undefined) throw new Error("no agents");
    expect(await first.take("tell-processes")).toMatchObject({ stores: [store] });
    first.close();
    expect(await second.take("tell-processes")).toMatchObject({ stores: [store] });
    expect(agents[2]?.frames.some(({ type }) => type === "tell-processes")).toBe(false);
  });

  it("stand in the list, in the picture, and at the end of a switch's time line", async () => {
    const agents = await joinAll();
    const [teller] = agents;
    if (teller === undefined) throw new Error("no agent");
    await teller.take("tell-processes");
    tell(teller, true, 1, await decisionOf());
    await expect.poll(async () => (await liveMonitor()).processes).toEqual({ total: 1, following: 1 });
    await dc1Fails(agents);
    await Promise.all(agents.map(writes));
    await expect.poll(eventTypes).toContain("switch-finished");
    expect((await liveMonitor()).processes).toEqual({ total: 1, following: 0 });
    expect(await eventTypes()).not.toContain("switch-followed");
    tell(teller, false, 2, await decisionOf());
    await expect.poll(eventTypes).toContain("switch-followed");
    const followed = (await live()).events.find(({ type }) => type === "switch-followed");
    expect(followed).toMatchObject({ epoch: 2, monitorId: monitor.id, level: "info" });
    expect(followed?.timeLine.map(({ mark }) => mark)).toEqual(
      expect.arrayContaining(["first-failed-probe", "decided", "route-written", "process-followed"]),
    );
    const path = `${arranged.path}/processes?applicationId=${monitor.applicationId}`;
    expect((await call(owner, "GET", path)).body).toMatchObject({
      items: [{ id: "p1", host: "web-1", pid: 7, routes: { [monitor.id]: { epoch: 2 } } }],
    });
  });

  it("are asked for anew by an object that was evicted, and of one agent only", async () => {
    const agents = await joinAll();
    await agents[0]?.take("tell-processes");
    await evictDurableObject(stub());
    for (const agent of agents) await acknowledged(agent, agent.report([], store));
    const asked = await Promise.all(agents.map((agent) => agent.take("tell-processes")));
    expect(asked.flatMap(({ stores }) => stores)).toEqual([store]);
  });
});

describe("an eviction", () => {
  it("keeps open sockets as connected and seen, and what they reported", async () => {
    await joinAll();
    await evictDurableObject(stub());
    const view = await live();
    expect(view.agents.map(({ connected }) => connected)).toEqual([true, true, true]);
    expect(view.monitors[0]?.state).toBe("normal");
    expect(view.events.length).toBeGreaterThan(0);
  });

  it("does not hide the end of a socket that ended while the object was away", async () => {
    const agents = await joinAll();
    await evictDurableObject(stub());
    agents[1]?.close();
    await expect.poll(async () => (await live()).events[0]?.type).toBe("agent-lost");
  });
});

describe("an operator's command", () => {
  const command = (more: object) => ({ expectedEpoch: 1, idempotencyKey: crypto.randomUUID(), ...more });
  const path = () => `${arranged.path}/monitors/${monitor.id}`;

  it("waits until the stores have the route", async () => {
    const agents = await joinAll();
    const answer = ask(owner, "POST", `${path()}/switch`, CommandResult, command({ to: "dc2" }));
    for (const agent of agents) {
      const { nonce, targets } = await agent.take("ask");
      const observations = targets.map(({ dataCentre }) => sees(monitor.id, dataCentre));
      const stores = [{ store, reachable: true, words: "" }];
      agent.send({ type: "answer", nonce, illness: null, stores, links: [], observations });
    }
    await Promise.all(agents.map(writes));
    expect(await answer).toMatchObject({ status: "done", epoch: 2, active: "dc2" });
  });

  it("answers `running` when its patience ends, and the same key gets the same switch", async () => {
    const [agent] = await joinAll();
    const body = command({ to: "dc2", force: true, reason: "drill" });
    const first = await ask(owner, "POST", `${path()}/switch?waitMs=0`, CommandResult, body);
    expect(first).toMatchObject({ status: "running", epoch: 2 });
    if (agent !== undefined) await writes(agent);
    await expect.poll(async () => (await liveMonitor()).switching).toBeNull();
    const again = await ask(owner, "POST", `${path()}/switch`, CommandResult, body);
    expect(again).toMatchObject({ status: "done", epoch: 2, decision: first.decision });
  });

  it("for many monitors has a result for each: moved, or refused with the reason", async () => {
    const agents = await joinAll();
    const members = [
      { monitorId: monitor.id, to: "dc2", expectedEpoch: 1 },
      { monitorId: "mon_nowhere01", to: "dc2", expectedEpoch: 1 },
    ];
    const batch = (more: object) => ({ members, idempotencyKey: crypto.randomUUID(), ...more });
    const held = await ask(owner, "POST", `${arranged.path}/switches`, BatchResult, batch({}));
    expect(held.members).toMatchObject([
      { ok: false, refusal: { code: "switch-blocked", because: { id: "batch-blocked" } } },
      { ok: false, refusal: { code: "not-found" } },
    ]);
    const forced = batch({ force: true, reason: "drill" });
    const answer = ask(owner, "POST", `${arranged.path}/switches`, BatchResult, forced);
    await Promise.all(agents.map(writes));
    expect((await answer).members).toMatchObject([
      { ok: true, result: { status: "done", epoch: 2 } },
      { ok: false, refusal: { code: "not-found" } },
    ]);
    await refused(owner, "POST", `${arranged.path}/switches`, "invalid-input", batch({ force: true }));
  });

  it("[SAFE-12] can be weighed before: what would happen now, and what would block it", async () => {
    await joinAll();
    const explanation = await ask(owner, "GET", `${path()}/explain`, Explanation);
    expect(explanation.foretold.map(({ fault }) => fault)).toEqual(["target-lost", "site-lost"]);
    await refused(owner, "GET", `${arranged.path}/monitors/mon_nowhere01/explain`, "not-found");
  });

  it("is refused with code and reason", async () => {
    await joinAll();
    const stale = command({ to: "dc2", expectedEpoch: 7 });
    const problem = await refused(owner, "POST", `${path()}/switch`, "state-changed", stale);
    expect(problem.details).toMatchObject({ epoch: 1, because: { id: "epoch-stale" } });
    await refused(owner, "POST", `${path()}/switch`, "invalid-input", command({ to: "dc2", force: true }));
    await refused(owner, "POST", `${path()}/switch-back`, "invalid-input", command({ to: "dc2" }));
    const running = command({ to: "dc2", force: true, reason: "drill" });
    await call(owner, "POST", `${path()}/switch?waitMs=0`, running);
    const access = command({ dataCentre: "dc1", readable: false, writable: false, expectedEpoch: 2 });
    await refused(owner, "POST", `${path()}/access`, "switch-in-progress", access);
  });

  it("[SAFE-9] pins the plan while it runs: deleting the monitor is refused, and nothing is half-deleted", async () => {
    const [agent] = await joinAll();
    const running = command({ to: "dc2", force: true, reason: "drill" });
    await call(owner, "POST", `${path()}/switch?waitMs=0`, running);
    await refused(owner, "DELETE", path(), "switch-in-progress");
    expect((await call(owner, "GET", path())).status).toBe(200);
    if (agent !== undefined) await writes(agent);
    await expect.poll(async () => (await liveMonitor()).switching).toBeNull();
    expect((await call(owner, "DELETE", path())).status).toBe(204);
  });
});

describe("a plan", () => {
  it("[SAFE-9] that drops a site is held until a request confirmed it", async () => {
    await joinAll();
    const { plan } = await stubPlan();
    const smaller = { ...plan, version: plan.version + 1, sites: plan.sites.slice(1) };
    expect(await stub().applyPlan(smaller, null)).toMatchObject({
      status: "held",
      because: { id: "plan-held" },
    });
    expect((await live()).sites).toHaveLength(3);
    expect(await stub().applyPlan({ ...smaller, version: plan.version + 2 }, "req_confirmed")).toEqual({
      status: "applied",
    });
    expect((await live()).sites).toHaveLength(2);
  });

  it("of an older version changes nothing", async () => {
    const { plan } = await stubPlan();
    expect(await stub().applyPlan({ ...plan, monitors: [] }, "req_confirmed")).toEqual({
      status: "unchanged",
    });
    expect((await live()).monitors).toHaveLength(1);
  });
});

async function stubPlan() {
  const agent = await connect(enrolled[0] ?? { agentToken: "" });
  open.push(agent);
  agent.hello();
  return agent.take("welcome");
}

describe("events", () => {
  it("come newest first, page by page, of one monitor if asked", async () => {
    const agents = await joinAll();
    await dc1Fails(agents);
    await Promise.all(agents.map(writes));
    await expect.poll(eventTypes).toContain("switch-finished");
    const list = async (query: string) =>
      (
        await ask(
          owner,
          "GET",
          `${arranged.path}/events?${query}`,
          z.object({ items: z.array(InstanceEvent) }),
        )
      ).items;
    const everything = await list("limit=200");
    const paged: string[] = [];
    for (let before = ""; ; ) {
      const page = await list(`limit=3${before}`);
      paged.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      if (last === undefined) break;
      before = `&before=${last.id}`;
    }
    expect(paged).toEqual(everything.map(({ id }) => id));
    const ours = await list(`limit=200&monitorId=${monitor.id}`);
    expect(new Set(ours.map(({ monitorId }) => monitorId))).toEqual(new Set([monitor.id]));
    expect(ours.length).toBeLessThan(everything.length);
  });
});

describe("a console", () => {
  it("ends with the token that opened it", async () => {
    const created = await ask(owner, "POST", "/tokens", TokenCreated, {
      name: crypto.randomUUID(),
      role: "viewer",
    });
    const response = await exports.default.fetch(`${BASE}/api/v1${arranged.path}/live/socket`, {
      headers: { upgrade: "websocket", authorization: `Bearer ${created.token}` },
    });
    const socket = response.webSocket;
    if (socket === null) throw new Error(`no socket: ${response.status}`);
    const closed = new Promise<number>((resolve) =>
      socket.addEventListener("close", ({ code }) => resolve(code)),
    );
    socket.accept();
    expect((await call(owner, "DELETE", `/tokens/${created.id}`)).status).toBe(204);
    expect(await closed).toBe(4401);
  });

  it("gets the picture at once and after a change, coalesced", async () => {
    const agents = await joinAll();
    const response = await exports.default.fetch(`${BASE}/api/v1${arranged.path}/live/socket`, {
      headers: { upgrade: "websocket", authorization: `Bearer ${owner.token}` },
    });
    const socket = response.webSocket;
    if (socket === null) throw new Error(`no socket: ${response.status}`);
    const views: LiveView[] = [];
    socket.addEventListener("message", ({ data }) => {
      views.push(ConsoleFrame.parse(JSON.parse(String(data))).view);
    });
    socket.accept();
    await expect.poll(() => views.length).toBe(1);
    for (let index = 0; index < 50; index += 1) {
      for (const agent of agents)
        agent.report([index % 2 === 0 ? misses(monitor.id, "dc2") : sees(monitor.id, "dc2")], store);
    }
    for (const agent of agents) agent.report([misses(monitor.id, "dc2")], store);
    await expect
      .poll(() => views.at(-1)?.monitors[0]?.dataCentres[1]?.state, { timeout: 5000 })
      .toBe("abnormal");
    expect(views.length).toBeLessThan(15);
    socket.close();
  });
});
