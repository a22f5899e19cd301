import { env } from "cloudflare:workers";
import { MonitorTestResult, MonitorView } from "@evenkeel/contracts/api";
import { Plan } from "@evenkeel/contracts/plan";
import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { type GeneralJWE, generalDecrypt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { findNearest } from "../../sdk/routing/find-nearest.ts";
import {
  type Arranged,
  arrange,
  ask,
  becomeOwner,
  type Caller,
  call,
  createMonitor,
  describeMonitor,
  refused,
} from "./control-plane.ts";
import { type EnrolledAgent, enrol, join, sees } from "./fake-agent.ts";

const PASSWORD = "the-password-of-the-database";

let owner: Caller;
let arranged: Arranged;
let agent: EnrolledAgent;
let monitor: MonitorView;

beforeAll(async () => {
  owner = await becomeOwner();
  arranged = await arrange(owner);
});

const path = (id = monitor.id) => `${arranged.path}/monitors/${id}`;

describe("secrets", () => {
  it("need an enrolled agent, because they are sealed to agents only", async () => {
    const body = describeMonitor(arranged, { password: PASSWORD });
    const problem = await refused(owner, "POST", `${arranged.path}/monitors`, "no-agent", body);
    expect(problem.detail).toContain("enrol an agent first");
    agent = await enrol(owner, arranged, "dc1");
    monitor = await createMonitor(owner, arranged, { password: PASSWORD });
    expect(monitor.dataCentres.map(({ sealedTo }) => sealedTo)).toEqual([[agent.agentId], [agent.agentId]]);
  });

  it("come back to nobody: not in answers, not in the audit", async () => {
    for (const target of [path(), `${arranged.path}/monitors`, "/audit", `${path()}/sdk-config`]) {
      expect(JSON.stringify((await call(owner, "GET", target)).body)).not.toContain(PASSWORD);
    }
  });

  it("can be opened by the agents that they are sealed to", async () => {
    const connected = await join(agent);
    await call(owner, "PATCH", path(), { monitored: true });
    const { plan } = await connected.take("plan");
    const sealed = plan.monitors[0]?.dataCentres[1]?.sealed as GeneralJWE;
    const { plaintext } = await generalDecrypt(sealed, agent.privateKey);
    expect(JSON.parse(new TextDecoder().decode(plaintext))).toEqual({ password: PASSWORD });
    expect(JSON.stringify(plan)).not.toContain(PASSWORD);
    connected.close();
  });

  it("are kept by an edit that does not name them, and resealed to all by one that does", async () => {
    const later = await enrol(owner, arranged, "dc2");
    const kept = await ask(owner, "PATCH", path(), MonitorView, { automatic: false });
    expect(kept.dataCentres[0]?.sealedTo).toEqual([agent.agentId]);
    expect(kept.warnings[0]?.text).toContain(later.agentId);
    const resealed = await ask(owner, "PATCH", path(), MonitorView, { secret: { password: "another one" } });
    expect(resealed.dataCentres[0]?.sealedTo.toSorted()).toEqual([agent.agentId, later.agentId].toSorted());
    expect(resealed.warnings).toEqual([]);
  });
});

describe("a monitor", () => {
  it("has maintenance windows, which reach the plan and end with an empty list", async () => {
    const { id } = await createMonitor(owner, arranged);
    const own = `${arranged.path}/monitors/${id}`;
    const windows = [{ fromMs: 1000, untilMs: 2000, reason: "new disks" }];
    const opened = await ask(owner, "PATCH", own, MonitorView, { windows });
    expect(opened.windows).toEqual(windows);
    const kept = await ask(owner, "PATCH", own, MonitorView, { automatic: true });
    expect(kept.windows).toEqual(windows);
    const { body } = await env.DB.prepare("select body from plans where instance_id = ?")
      .bind(kept.instanceId)
      .first<{ body: string }>()
      .then((row) => row ?? { body: "{}" });
    expect(Plan.parse(JSON.parse(body)).monitors.find(({ id }) => id === kept.id)?.windows).toEqual(windows);
    const ended = await ask(owner, "PATCH", own, MonitorView, { windows: [] });
    expect(ended.windows).toEqual([]);
    const backwards = [{ fromMs: 2000, untilMs: 1000, reason: "never" }];
    await refused(owner, "PATCH", own, "invalid-input", { windows: backwards });
  });

  it("gets a name of its kind and shows the timing that it inherits", async () => {
    const created = await createMonitor(owner, arranged);
    expect(created.name).toMatch(/^fakedb-[a-z2-7]{6}$/);
    expect(created.effectiveTiming.monitorTimeoutMs).toBe(10_000);
    const own = await ask(owner, "PATCH", path(created.id), MonitorView, {
      timing: { monitorTimeoutMs: 20_000, retryIntervalMs: null },
    });
    expect(own.effectiveTiming).toMatchObject({ monitorTimeoutMs: 20_000, retryIntervalMs: 3000 });
  });

  it("keeps kind, application and name", async () => {
    for (const edit of [{ kind: "fakeapi" }, { applicationId: arranged.applicationId }, { name: "x" }]) {
      const problem = await refused(owner, "PATCH", path(), "invalid-input", edit);
      expect(problem.detail).toContain("cannot be changed");
    }
  });

  it("[SAFE-9] gets a new target version for what changes of a target, and for nothing else", async () => {
    const created = await createMonitor(owner, arranged);
    const versions = ({ dataCentres }: MonitorView) => dataCentres.map(({ targetVersion }) => targetVersion);
    const edit = (body: unknown) => ask(owner, "PATCH", path(created.id), MonitorView, body);
    const [dc1, dc2] = describeMonitor(arranged).dataCentres;
    expect(versions(await edit({ automatic: false, timing: { monitorTimeoutMs: 9000 } }))).toEqual([1, 1]);
    expect(versions(await edit({ dataCentres: [dc1, dc2] }))).toEqual([1, 1]);
    const followed = { ...dc2, config: { ...dc2?.config, followers: ["10.0.0.7:1"] } };
    const { dataCentres } = await edit({ dataCentres: [dc1, followed] });
    expect(dataCentres[1]).toMatchObject({ config: followed.config, targetVersion: 1 });
    const moved = { ...dc2, config: { host: "10.0.0.9", port: 5432 } };
    expect(versions(await edit({ dataCentres: [dc1, moved] }))).toEqual([1, 2]);
    expect(versions(await edit({ dataCentres: [dc1, { ...moved, site: "witness" }] }))).toEqual([1, 3]);
    expect(versions(await edit({ common: { user: "other", database: "shop" } }))).toEqual([2, 4]);
    expect(versions(await edit({ secret: { password: "new" } }))).toEqual([3, 5]);
    expect(versions(await edit({ dataCentres: [dc1, { ...moved, site: "witness", priority: 9 }] }))).toEqual([
      3, 5,
    ]);
  });

  it.each([
    ["an unknown kind", { kind: "nonsense" }, "kind"],
    ["settings that its kind does not have", { common: { user: "u", database: "d", colour: 1 } }, "common"],
    ["a secret of the wrong type", { secret: { password: 5 } }, "secret.password"],
    [
      "a site that does not exist",
      { dataCentres: [{ name: "dc1", site: "dc9", config: {} }] },
      "dataCentres[0].site",
    ],
    [
      "a gap in its data centres",
      { dataCentres: [{ name: "dc2", site: "dc1", config: {} }] },
      "dataCentres[0].name",
    ],
    [
      "an address that its kind refuses",
      { dataCentres: [{ name: "dc1", site: "dc1", config: { host: "h", port: "no" } }] },
      "dataCentres[0].config.port",
    ],
  ])("is not created with %s", async (_, wrong, where) => {
    const before = await call(owner, "GET", `${arranged.path}/monitors`);
    const body = { ...describeMonitor(arranged), ...wrong };
    const problem = await refused(owner, "POST", `${arranged.path}/monitors`, "invalid-input", body);
    expect(problem.details).toMatchObject({ issues: [{ path: where }] });
    expect((await call(owner, "GET", `${arranged.path}/monitors`)).body).toEqual(before.body);
  });

  it("hands out an SDK configuration, complete but for the secrets", async () => {
    const answer = await call(owner, "GET", `${path()}/sdk-config`);
    const config = SdkConfig.parse(parse(String(answer.body)));
    expect(config.sources.dc2).toMatchObject({
      host: "10.0.0.2",
      port: 5432,
      password: `\${${"DC2_PASSWORD"}}`,
    });
    expect(config.props.monitorId).toBe(monitor.id);
  });

  it("hands out where reads may go besides: replicas, and all places for reads from the nearest data centre", async () => {
    const body = describeMonitor(arranged);
    const [dc1, dc2] = body.dataCentres;
    const followers = ["10.0.0.7:5432"];
    const dataCentres = [{ ...dc1, config: { ...dc1?.config, followers } }, dc2];
    const { id } = await ask(owner, "POST", `${arranged.path}/monitors`, MonitorView, {
      ...{ ...body, dataCentres },
    });
    const of = async (query: string) =>
      SdkConfig.parse(parse(String((await call(owner, "GET", `${path(id)}/sdk-config?${query}`)).body)));
    const plain = await of("");
    expect(plain.sources.dc1).not.toHaveProperty("replicas");
    expect(plain.router).not.toHaveProperty("maxStalenessMs");
    const replicas = await of("readReplicas=true&maxStalenessMs=2000");
    expect(replicas.sources.dc1?.replicas).toEqual([{ host: "10.0.0.7", port: 5432 }]);
    expect(replicas.router).toMatchObject({ algorithm: "single-read-write", maxStalenessMs: 2000 });
    const nearest = await of("algorithm=single-write-local-read&readReplicas=true&site=dc2");
    expect(nearest.router.algorithm).toBe("single-write-local-read");
    expect(nearest.sources.dc1?.replicas).toHaveLength(1);
    const found = ["dc1", "dc2"].map((active) => findNearest(nearest, active, () => true));
    expect(found).toEqual(["dc2", "dc2"]);
  });

  it("hands out the etcd of the process's own site where each site has one, and asks for the site", async () => {
    const stores = Object.entries({ dc1: "10.1.0.1", dc2: "10.2.0.1" });
    for (const [site, host] of stores) {
      const store = { endpoints: [`http://${host}:2379`], sites: [arranged.sites[site]] };
      expect((await call(owner, "PUT", `${arranged.path}/stores/etcd-${site}`, store)).status).toBe(200);
    }
    for (const [site, host] of stores) {
      const answer = await call(owner, "GET", `${path()}/sdk-config?site=${site}`);
      expect(SdkConfig.parse(parse(String(answer.body))).etcd?.address).toBe(`${host}:2379`);
    }
    const asked = await refused(owner, "GET", `${path()}/sdk-config`, "invalid-input");
    expect(asked.detail).toContain("site: is needed");
    await refused(owner, "GET", `${path()}/sdk-config?site=nowhere`, "not-found");
    for (const [site] of stores.slice(1)) await call(owner, "DELETE", `${arranged.path}/stores/etcd-${site}`);
    // The last one stays as long as there are monitors.
    const problem = await refused(owner, "DELETE", `${arranged.path}/stores/etcd-dc1`, "in-use");
    expect(problem.detail).toContain(monitor.name);
  });

  it("holds its application and sites in use until it is deleted", async () => {
    const application = `${arranged.path}/applications/${arranged.applicationId}`;
    await refused(owner, "DELETE", application, "in-use");
    await refused(owner, "DELETE", `${arranged.path}/sites/${arranged.sites.dc2}`, "in-use");
    expect((await call(owner, "DELETE", path())).status).toBe(204);
    await refused(owner, "GET", path(), "not-found");
  });
});

describe("a connection test", () => {
  const body = {
    kind: "fakedb",
    site: "dc1",
    common: { user: "u", database: "d" },
    config: { host: "h", port: 1 },
  };

  it("is done by an agent of the site and saves nothing", async () => {
    await refused(owner, "POST", `${arranged.path}/monitors/test`, "no-agent", body);
    const connected = await join(agent);
    const answer = ask(owner, "POST", `${arranged.path}/monitors/test`, MonitorTestResult, body);
    const { nonce, target } = await connected.take("test");
    expect(target.config).toEqual({ user: "u", database: "d", host: "h", port: 1 });
    connected.send({ type: "tested", nonce, observation: sees("test", "dc1") });
    expect(await answer).toMatchObject({
      ...{ agentId: agent.agentId, judgement: { verdict: "up" } },
      ...{ facts: null, heartbeat: null, certificates: [] },
    });
    connected.close();
  });

  it("tells what was reached and what the account lacks", async () => {
    const connected = await join(agent);
    const answer = ask(owner, "POST", `${arranged.path}/monitors/test`, MonitorTestResult, body);
    const { nonce } = await connected.take("test");
    const missing = [{ right: "pg_monitor", statement: 'GRANT pg_monitor TO "u"' }];
    const facts = { version: "PostgreSQL 15.18", role: "primary", lagMs: null, missing };
    const heartbeat = { writable: null, rpoMs: null, words: "let in" };
    const certificates = [
      { of: "server" as const, address: "h:1", subject: "CN=h", untilMs: 1, end: "ended" as const },
    ];
    const observation = { ...sees("test", "dc1"), facts, heartbeat, certificates };
    connected.send({ type: "tested", nonce, observation });
    expect(await answer).toMatchObject({ facts, heartbeat, certificates });
    connected.close();
  });
});
