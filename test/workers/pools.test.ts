import { MonitorView, SiteView } from "@evenkeel/contracts/api";
import { KindView } from "@evenkeel/contracts/kind-view";
import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
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

let owner: Caller;
let arranged: Arranged;
let monitor: MonitorView;

beforeAll(async () => {
  owner = await becomeOwner();
  arranged = await arrange(owner);
  monitor = await createMonitor(owner, arranged);
});

const path = (id = monitor.id) => `${arranged.path}/monitors/${id}`;

describe("what the SDK is told of a monitor", () => {
  it("keeps how its databases are used, hands that out, and lets a caller differ", async () => {
    const pools = [{ database: "shop", readReplicas: true, maxStalenessMs: 3000, holdMs: 500 }];
    const { id } = await createMonitor(owner, arranged);
    const edited = await ask(owner, "PATCH", path(id), MonitorView, { pools });
    expect(edited.pools).toMatchObject(pools);
    expect(edited.dataCentres.map(({ targetVersion }) => targetVersion)).toEqual([1, 1]);
    const kept = await ask(owner, "PATCH", path(id), MonitorView, { automatic: false });
    expect(kept.pools).toEqual(edited.pools);
    const of = async (query: string) =>
      SdkConfig.parse(parse(String((await call(owner, "GET", `${path(id)}/sdk-config?${query}`)).body)));
    const stored = await of("database=shop");
    expect(stored.props.databaseName).toBe("shop");
    expect(stored.router).toMatchObject({ maxStalenessMs: 3000, holdMs: 500, loadBalance: "round-robin" });
    const other = await of("maxStalenessMs=0&holdMs=0&loadBalance=random");
    expect(other.router).toMatchObject({ holdMs: 0, loadBalance: "random" });
    expect(other.router).not.toHaveProperty("maxStalenessMs");
    const { body } = await call(owner, "GET", "/audit?limit=1");
    expect(body).toMatchObject({
      items: [{ before: { pools: edited.pools }, after: { pools: edited.pools } }],
    });
  });

  it.each<[string, object, string]>([
    [
      "a database that is not connected",
      { database: "x" },
      "pools[0].database: must be one of the connected",
    ],
    ["no database", {}, "pools[0].database: must be one of the connected databases shop"],
    [
      "an algorithm that its kind has not",
      { database: "shop", algorithm: "single-read-async-double-write" },
      "pools[0].algorithm: must be one of single-read-write, single-write-local-read",
    ],
    [
      "a bound on reads of the active side",
      { database: "shop", maxStalenessMs: 900 },
      "maxStalenessMs: goes with",
    ],
    ["copies that are never made", { database: "shop", copies: {} }, "copies: must be left out"],
    ["an unknown field", { database: "shop", reads: 1 }, "has unknown fields: reads"],
  ])("refuses %s", async (_, pool, expected) => {
    const problem = await refused(owner, "PATCH", path(), "invalid-input", { pools: [pool] });
    expect(problem.detail).toContain(expected);
  });

  it("refuses an SDK configuration that the SDK would not serve, or that its kind does not have", async () => {
    const of = (query: string) => refused(owner, "GET", `${path()}/sdk-config?${query}`, "invalid-input");
    expect((await of("maxStalenessMs=1000")).detail).toContain("maxStalenessMs: goes with readReplicas");
    expect((await of("database=other")).detail).toContain("database: must be one of the connected");
    expect((await of("queue=memory")).detail).toContain("copies: must be left out");
    expect((await of("prefix=shop")).detail).toContain("prefix: must consist of capitals");
    const api = { ...describeMonitor(arranged), kind: "fakeapi", common: {} };
    const pools = [{ holdMs: 1 }];
    const problem = await refused(owner, "POST", `${arranged.path}/monitors`, "invalid-input", {
      ...api,
      pools,
    });
    expect(problem.detail).toContain("pools: must be empty");
    const { id } = await ask(owner, "POST", `${arranged.path}/monitors`, MonitorView, api);
    await refused(owner, "GET", `${path(id)}/sdk-config`, "not-switchable");
  });

  it("hands out where its sites stand, for processes that say where they run", async () => {
    const site = { cloud: "aws", region: "eu-west-1", zones: ["eu-west-1a", "eu-west-1b"] };
    const at = `${arranged.path}/sites/${arranged.sites.dc2}`;
    expect(await ask(owner, "PATCH", at, SiteView, site)).toMatchObject(site);
    const of = async (query: string) => {
      const { body } = await call(
        owner,
        "GET",
        `${path()}/sdk-config?algorithm=single-write-local-read${query}`,
      );
      return SdkConfig.parse(parse(String(body)));
    };
    const own = await of("");
    expect(own.sources.dc2).toMatchObject(site);
    const { props } = own;
    expect([props.cloud, props.region, props.zone]).toEqual(
      ["CLOUD", "REGION", "ZONE"].map((name) => `\${EVENKEEL_${name}}`),
    );
    const process = { ...props, cloud: "aws", region: "eu-west-1", zone: "eu-west-1b" };
    expect(findNearest({ ...own, props: process }, "dc1", () => true)).toBe("dc2");
    expect((await of("&site=dc2")).props).toMatchObject({
      ...{ cloud: "aws", region: "eu-west-1", zone: `\${${"EVENKEEL_ZONE:-eu-west-1a"}}` },
    });
    const refusal = await refused(owner, "PATCH", at, "invalid-input", { cloud: `\${${"ETCD_PASSWORD"}}` });
    expect(refusal.detail).toContain("cloud: must begin with a letter");
    const taken = { cloud: null, region: null, zones: [] };
    expect(await ask(owner, "PATCH", at, SiteView, taken)).toMatchObject(taken);
    expect((await of("")).sources.dc2).toMatchObject({ cloud: "local", region: "dc2", zones: ["dc2"] });
  });

  it("says of each kind which algorithms there are, and how an application begins", async () => {
    const { items } = await ask(owner, "GET", "/kinds", z.object({ items: z.array(KindView) }));
    const kinds = new Map(items.map(({ kind, sdk }) => [kind, sdk]));
    expect(kinds.get("fakedb")).toMatchObject({ driver: "fakedb", readsReplicas: true });
    expect(kinds.get("fakeapi")).toBeNull();
  });
});
