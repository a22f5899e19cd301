import type { Partition } from "@evenkeel/contracts/api";
import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { expect, it } from "vitest";
import { parse } from "yaml";
import type { MonitorRows, PlanRows } from "../../workers/plan/rows.ts";
import { renderSdkConfig } from "../../workers/plan/sdk-config.ts";
import { placeSite } from "../../workers/plan/site-place.ts";
import { fakedb } from "./fake-kinds.ts";

/** The part of the catalogue that a configuration is made from. */
const ROWS = { instance: { id: "inst" }, stores: [] } as unknown as PlanRows;
const SUBJECT = {
  monitor: { id: "db", applicationId: "shop", common: {} },
  dataCentres: [{ name: "dc1", config: {} }],
} as unknown as MonitorRows;

const WISH = {
  reads: "active",
  site: null,
  store: undefined,
  partitions: [],
  fallback: { tellers: [], controlPlane: "https://cp.test" },
} as const;

const sourceOf = (addresses?: readonly string[]) => {
  const one = { host: "a.local", port: 1, database: undefined, hasUser: false };
  const plugin = { ...fakedb, source: () => (addresses === undefined ? one : { ...one, addresses }) };
  return SdkConfig.parse(parse(renderSdkConfig(ROWS, SUBJECT, plugin, WISH) ?? "")).sources.dc1;
};

it("hands out every address of a kind that has several, and host and port of one that has one", () => {
  const several = ["a.local:1", "[fd00::1]:2"];
  expect(sourceOf(several)).toMatchObject({ host: "a.local", port: 1, addresses: several });
  expect(sourceOf(["a.local:1"])).not.toHaveProperty("addresses");
  expect(sourceOf()).toMatchObject({ host: "a.local", port: 1 });
});

const EAST: Partition = {
  kind: "local",
  name: "east",
  description: "",
  region: "cn-north",
  zones: ["dc1", "dc2"],
};
const WEST: Partition = { ...EAST, kind: "third-party", name: "west", region: "", zones: ["dc3"] };

it.each([
  ["dc1", { cloud: "local", region: "cn-north", zone: "dc1" }],
  ["dc3", { cloud: "third-party", region: "west", zone: "dc3" }],
  ["dc9", { cloud: "local", region: "dc9", zone: "dc9" }],
])("places the site %s by the partition that names it", (name, place) => {
  expect(placeSite({ name }, [EAST, WEST])).toEqual(place);
});
