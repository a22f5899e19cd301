import type { MonitorView } from "@evenkeel/contracts/api";
import { SdkConfigQuery } from "@evenkeel/contracts/pool-settings";
import { mysql } from "@evenkeel/plugins/monitors";
import { describe, expect, it } from "vitest";
import { listVariables } from "../../web/model/list-variables.ts";
import {
  ANYBODY,
  isSame,
  lacksDirectory,
  readChoices,
  readPrefix,
  renderEdit,
  renderQuery,
} from "../../web/model/sdk-choices.ts";

const { sdk } = mysql;
if (sdk === undefined) throw new Error("MySQL has an SDK");
const makeMonitor = (change: Partial<MonitorView>) => ({ pools: [], common: {}, ...change }) as MonitorView;

describe("the choices of a monitor's SDK configuration", () => {
  it("begin with what is stored, else with the monitor's own algorithm, else with the kind's first", () => {
    const stored = {
      database: "shop",
      readReplicas: true,
      loadBalance: "random",
      maxStalenessMs: 900,
      holdMs: 5,
    };
    const pools = [{ ...stored, algorithm: "single-write-local-read", copies: null }] as MonitorView["pools"];
    expect(readChoices(makeMonitor({ pools }), sdk, "shop")).toEqual(pools[0]);
    expect(readChoices(makeMonitor({ pools }), sdk, "other").algorithm).toBe("single-read-write");
    const common = { algorithm: "local-read-async-double-write" };
    expect(readChoices(makeMonitor({ common }), sdk, null).algorithm).toBe(common.algorithm);
  });

  it("ask for all that was chosen, and for no bound where all reads go to the active side", () => {
    const choices = { ...readChoices(makeMonitor({}), sdk, "shop"), maxStalenessMs: 900 };
    const ask = (of: typeof choices, site: string | null = null) =>
      SdkConfigQuery.parse(Object.fromEntries(new URLSearchParams(renderQuery(of, { ...ANYBODY, site }))));
    expect(ask(choices, "site_1")).toEqual({
      ...{ site: "site_1", database: "shop", algorithm: "single-read-write", readReplicas: "false" },
      ...{ loadBalance: "round-robin", maxStalenessMs: "0", holdMs: 0 },
    });
    expect(ask({ ...choices, readReplicas: true }).maxStalenessMs).toBe(900);
    expect(isSame(choices, { ...choices, maxStalenessMs: null })).toBe(true);
  });

  it("are stored beside the other databases, the algorithm where the kind has it", () => {
    const kept = { ...readChoices(makeMonitor({}), sdk, "billing"), copies: null };
    const pools = [kept, { ...kept, database: "shop", holdMs: 7 }] as MonitorView["pools"];
    const choices = readChoices(makeMonitor({ pools }), sdk, "shop");
    const edit = renderEdit(makeMonitor({ pools }), { ...choices, holdMs: 8 });
    expect(edit).toEqual({ pools: [kept, { ...pools[1], holdMs: 8 }] });
    const common = { algorithm: "single-read-write", mode: "normal" };
    const cache = makeMonitor({ common });
    const doubled = {
      ...readChoices(cache, sdk, null),
      algorithm: "single-read-async-double-write",
    } as const;
    expect(renderEdit(cache, doubled).common).toEqual({ ...common, algorithm: doubled.algorithm });
    expect(renderEdit(cache, doubled).pools?.[0]).not.toHaveProperty("algorithm");
    expect(renderEdit(cache, readChoices(cache, sdk, null))).not.toHaveProperty("common");
  });

  it("lack a directory only where copies wait on the disk", () => {
    const choices = readChoices(makeMonitor({}), sdk, null);
    const disk = { ...choices, copies: { queue: "disk", directory: "" } } as const;
    expect(lacksDirectory(disk)).toBe(false);
    const doubled = { ...disk, algorithm: "single-read-async-double-write" } as const;
    expect(lacksDirectory(doubled)).toBe(true);
    expect(renderQuery(doubled, ANYBODY)).not.toContain("directory");
    expect(lacksDirectory({ ...doubled, copies: { queue: "disk", directory: "/d" } })).toBe(false);
  });
});

it.each([
  ["my shop", "MY_SHOP"],
  ["_1st-shop_", "ST_SHOP_"],
  ["商店", ""],
])("a prefix of variables is made of %s", (typed, prefix) => {
  expect(readPrefix(typed)).toBe(prefix);
});

it("the variables of a configuration are listed once each, with what they mean and what stands for them", () => {
  const [user, zone] = ["A_DC2_USERNAME", "EVENKEEL_ZONE:-a"].map((name) => `\${${name}}`);
  const yaml = `username: ${user}\nzone: ${zone}\nother: ${user} \${SHOP}`;
  expect(listVariables(yaml)).toEqual([
    {
      name: "A_DC2_USERNAME",
      fallback: undefined,
      meaning: { id: "sdk.variable.user", values: { dc: "dc2" } },
    },
    { name: "EVENKEEL_ZONE", fallback: "a", meaning: { id: "sdk.variable.zone" } },
    { name: "SHOP", fallback: undefined, meaning: { id: "sdk.variable.other" } },
  ]);
});
