import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { expect, it } from "vitest";
import { parse } from "yaml";
import type { MonitorRows, PlanRows } from "../../workers/plan/rows.ts";
import { renderSdkConfig } from "../../workers/plan/sdk-config.ts";
import { fakedb } from "./fake-kinds.ts";

/** The part of the catalogue that a configuration is made from. */
const ROWS = { instance: { id: "inst" }, stores: [] } as unknown as PlanRows;
const SUBJECT = {
  monitor: { id: "db", applicationId: "shop", common: {} },
  dataCentres: [{ name: "dc1", config: {} }],
} as unknown as MonitorRows;

const sourceOf = (addresses?: readonly string[]) => {
  const one = { host: "a.local", port: 1, database: undefined, hasUser: false };
  const plugin = { ...fakedb, source: () => (addresses === undefined ? one : { ...one, addresses }) };
  return SdkConfig.parse(parse(renderSdkConfig(ROWS, SUBJECT, plugin, undefined) ?? "")).sources.dc1;
};

it("hands out every address of a kind that has several, and host and port of one that has one", () => {
  const several = ["a.local:1", "[fd00::1]:2"];
  expect(sourceOf(several)).toMatchObject({ host: "a.local", port: 1, addresses: several });
  expect(sourceOf(["a.local:1"])).not.toHaveProperty("addresses");
  expect(sourceOf()).toMatchObject({ host: "a.local", port: 1 });
});
