import type { Route } from "@evenkeel/contracts/route";
import { SdkConfig, type SdkReplica } from "@evenkeel/contracts/sdk-config";
import { describe, expect, test } from "vitest";
import { openMongo } from "../../sdk/open-mongo.ts";
import { createReaders } from "../../sdk/routing/create-readers.ts";
import type { Reader } from "../../sdk/switching/create-sides.ts";
import type { Side } from "../../sdk/switching/side.ts";
import { makeRoute } from "./make-route.ts";

interface NamedSide extends Side {
  readonly name: string;
}

/** Servers for reads by name, all ready, and what became of them. */
function createServers() {
  const lost = new Set<string>();
  const abandoned: string[] = [];
  const reader = (dataCentre: string, replica: SdkReplica | null): Reader<NamedSide> => {
    const name = replica === null ? dataCentre : `${replica.host}:${replica.port}`;
    const side: NamedSide = {
      name,
      dataCentre,
      readOnly: true,
      waiting: new Set(),
      busy: () => 0,
      abandon: (createError) => abandoned.push(`${name}: ${createError().code}`),
      drain: () => undefined,
      close: () => undefined,
    };
    return { side, isReady: () => !lost.has(name) };
  };
  return { reader, lost, abandoned };
}

const OPEN = { readable: true, writable: true };
const ZONES = { dc1: "z1", dc2: "z2", dc3: "z3" };

function configOf(router: object, replicas: Record<string, string[]> = {}, props: object = {}): SdkConfig {
  const sources = Object.entries(ZONES).map(([name, zone]) => {
    const place = { cloud: "c", region: name === "dc3" ? "far" : "near", zones: [zone] };
    return [name, { host: name, port: 1, ...place, replicas: replicas[name] ?? [] }];
  });
  return SdkConfig.parse({
    props: { version: "v1", instanceId: "i", appId: "a", monitorId: "m", ...props },
    sources: Object.fromEntries(sources),
    router: { active: "dc1", ...router },
  });
}

const route = (epoch: number, more: Partial<Route> = {}) => makeRoute(epoch, `dec-${epoch}`, more);

describe("replicas of the active data centre", () => {
  const config = configOf({ algorithm: "single-read-write" }, { dc1: ["a:1", "b:1", "c:1"] });

  test("take turns, without those that do not prove themselves; without any the active side reads", () => {
    const servers = createServers();
    const readers = createReaders(config, servers);
    readers?.follow(route(1), null);
    const pick = () => readers?.pick()?.name;
    expect([pick(), pick(), pick(), pick()]).toEqual(["a:1", "b:1", "c:1", "a:1"]);
    servers.lost.add("b:1");
    expect([pick(), pick(), pick()]).toEqual(["c:1", "a:1", "c:1"]);
    servers.lost.add("a:1").add("c:1");
    expect(readers?.pick()).toBeNull();
    servers.lost.clear();
    expect(readers?.pick()).not.toBeNull();
  });

  test("are drawn at random if so configured, the next one standing in for one that is lost", () => {
    const servers = createServers();
    const random = configOf(
      { algorithm: "single-read-write", loadBalance: "random" },
      { dc1: ["a:1", "b:1"] },
    );
    const draws = [0.99, 0, 0.99];
    const readers = createReaders(random, servers, null, () => draws.shift() ?? 0);
    readers?.follow(route(1), null);
    expect(readers?.pick()?.name).toBe("b:1");
    expect(readers?.pick()?.name).toBe("a:1");
    servers.lost.add("b:1");
    expect(readers?.pick()?.name).toBe("a:1");
  });

  test("are drawn as their own data centre wants it", () => {
    const own = SdkConfig.parse({
      ...config,
      sources: { dc1: { ...config.sources.dc1, loadBalance: "random" } },
    });
    const readers = createReaders(own, createServers(), null, () => 0.99);
    readers?.follow(route(1), null);
    expect([readers?.pick()?.name, readers?.pick()?.name]).toEqual(["c:1", "c:1"]);
  });

  test("are left with their data centre: at once if it is taken for dead", () => {
    const servers = createServers();
    const readers = createReaders(config, servers);
    readers?.follow(route(1), null);
    readers?.follow(route(2, { active: "dc2" }), { dataCentre: "dc1", leaving: "abandon" });
    expect(servers.abandoned).toEqual(["a:1", "b:1", "c:1"].map((name) => `${name}: EVENKEEL_SWITCHED`));
    expect(readers?.pick()).toBeNull();
  });
});

describe("local reads", () => {
  const local = (zone: string, region = "near") =>
    configOf({ algorithm: "single-write-local-read" }, {}, { cloud: "c", region, zone });
  const pickWith = (config: SdkConfig, more: Partial<Route> = {}) => {
    const readers = createReaders(config, createServers());
    readers?.follow(route(1, more), null);
    return readers?.pick()?.name ?? null;
  };

  test("go to the data centre of the process's zone, else of its region, whichever is active", () => {
    expect(pickWith(local("z2"))).toBe("dc2");
    expect(pickWith(local("z2"), { active: "dc2" })).toBeNull();
    expect(pickWith(local("z1"), { active: "dc2" })).toBe("dc1");
    const dataCentres = Object.fromEntries(Object.keys(ZONES).map((name) => [name, OPEN]));
    expect(pickWith(local("elsewhere", "far"), { dataCentres })).toBe("dc3");
  });

  test("go to the active one where several are as near, and where nothing is near", () => {
    expect(pickWith(local("elsewhere"))).toBeNull();
    expect(pickWith(configOf({ algorithm: "single-write-local-read" }, {}, { cloud: "other" }))).toBeNull();
  });

  test("never go where the route forbids reading", () => {
    const dataCentres = { dc1: { readable: true, writable: true }, dc2: { readable: false, writable: true } };
    expect(pickWith(local("z2"), { dataCentres })).toBeNull();
  });

  test("go to the active side while the local one does not prove itself", () => {
    const servers = createServers();
    const readers = createReaders(local("z2"), servers);
    readers?.follow(route(1), null);
    servers.lost.add("dc2");
    expect(readers?.pick()).toBeNull();
  });
});

test("kinds that read on the active side only refuse a configuration that wants more", async () => {
  const { etcd: _, ...local } = configOf({ algorithm: "single-read-write" }, { dc1: ["a:1"] });
  await expect(openMongo(local)).rejects.toMatchObject({ code: "EVENKEEL_CONFIG" });
});

test("without replicas and local reads no statement is looked at", () => {
  expect(createReaders(configOf({ algorithm: "single-read-write" }), createServers())).toBeNull();
});
