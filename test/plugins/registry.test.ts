import { existsSync, readFileSync } from "node:fs";
import { loadDriver } from "@evenkeel/agent/drivers";
import { runProbe } from "@evenkeel/agent/probing/run-probe";
import { Judgement } from "@evenkeel/contracts/observation";
import { Timing } from "@evenkeel/contracts/plan";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import * as monitors from "@evenkeel/plugins/monitors";
import { findMonitorPlugin, MONITOR_KINDS } from "@evenkeel/plugins/registry";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { FAULTS } from "./fault-servers.ts";
import { KIND_CASES } from "./kind-cases.ts";

const SDK = z
  .object({ peerDependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(new URL("../../sdk/package.json", import.meta.url), "utf8")));
const GROUPS = ["common", "target", "secret"] as const;

/** Outcomes that a judge has to have a word for, whatever the kind. */
const ODD_OUTCOMES: readonly ProbeOutcome[] = [
  ...[undefined, null, 0, "", [], {}, { status: "200" }, [[]], Number.NaN].map(
    (sample): ProbeOutcome => ({ type: "answered", sample, latencyMs: 1 }),
  ),
  ...[undefined, "", "ECONNREFUSED", "constructor", "__proto__", "toString", "x".repeat(5000), "\u0000"].map(
    (code): ProbeOutcome => ({ type: "failed", error: { code, message: "m".repeat(300) }, afterMs: 1 }),
  ),
  { type: "failed", error: { code: undefined, message: "" }, afterMs: 0 },
  { type: "timed-out", afterMs: 200.4 },
];

test("the registry is the barrel: every kind under its own name, in a file of that name", () => {
  expect(MONITOR_KINDS).toEqual(Object.keys(monitors));
  for (const [key, plugin] of Object.entries(monitors)) {
    expect(plugin.kind).toBe(key);
    expect(findMonitorPlugin(key)).toBe(plugin);
    expect(key).toMatch(/^[a-z][a-z0-9_]{0,31}$/);
    expect(existsSync(new URL(`../../plugins/monitors/${key}.ts`, import.meta.url))).toBe(true);
  }
});

test.each(["", "db2", "constructor", "__proto__", "toString"])("there is no kind %j", (kind) => {
  expect(findMonitorPlugin(kind)).toBeUndefined();
});

test("the fault tests know every kind", () => {
  expect(Object.keys(KIND_CASES).sort()).toEqual([...MONITOR_KINDS].sort());
});

describe.each(Object.values(monitors))("$kind", (plugin) => {
  const { common, target, secret } = plugin.example;
  const settings = { ...common, ...target };

  test("its example is valid, and goes through validation unchanged", () => {
    expect(plugin.common.parse(common)).toMatchObject(common);
    expect(plugin.target.parse(target)).toMatchObject(target);
    expect(plugin.secret.parse(secret)).toEqual(secret);
  });

  test("it names the drivers that its sessions load, and no others", async () => {
    const kindCase = KIND_CASES[plugin.kind];
    const server = await FAULTS.refused();
    const loaded: string[] = [];
    const session = plugin.open(kindCase?.settings(server.address) ?? {}, {
      load: (specifier) => {
        loaded.push(specifier);
        return loadDriver(specifier);
      },
      onClosed: () => undefined,
      accessTimeoutMs: 10_000,
    });
    await expect(session.probe()).rejects.toThrow();
    session.destroy();
    const packages = loaded.filter((specifier) => !specifier.startsWith("node:"));
    expect(new Set(packages)).toEqual(new Set(plugin.drivers ?? []));
  });

  test("no secret is needed", () => {
    expect(plugin.secret.parse({})).toEqual({});
  });

  test("no setting stands in two groups, because they are merged", () => {
    const names = GROUPS.flatMap((group) => Object.keys(plugin[group].shape));
    expect(new Set(names).size).toBe(names.length);
  });

  test("exactly the secret settings are flagged secret", () => {
    for (const group of GROUPS) {
      for (const [name, field] of Object.entries(plugin[group].shape)) {
        expect([name, z.globalRegistry.get(field)?.secret ?? false]).toEqual([name, group === "secret"]);
      }
    }
  });

  test("every setting has a title in both languages", () => {
    for (const field of GROUPS.flatMap((group) => Object.values(plugin[group].shape))) {
      const meta = z.globalRegistry.get(field);
      expect(meta?.titles).toEqual({ en: meta?.title, "zh-CN": expect.stringMatching(/\S/) });
    }
    expect(plugin.title).toEqual({ en: expect.stringMatching(/\S/), "zh-CN": expect.stringMatching(/\S/) });
  });

  test.each(GROUPS)("a setting that %s does not have is refused with those that it has", (group) => {
    const [known = ""] = Object.keys(plugin[group].shape);
    const refused = plugin[group].safeParse({ ...plugin.example[group], misspelt: "a-secret-value" });
    expect(refused.error?.issues).toMatchObject([{ code: "unrecognized_keys", keys: ["misspelt"] }]);
    expect(refused.error?.issues[0]?.message).toContain(known);
    expect(JSON.stringify(refused.error?.issues)).not.toContain("a-secret-value");
  });

  test.each(GROUPS)("the form of %s can be derived as JSON Schema, with titles and flags", (group) => {
    for (const io of ["input", "output"] as const) {
      const schema = z.toJSONSchema(plugin[group], { io });
      expect(schema).toMatchObject({ type: "object", additionalProperties: false });
      expect(Object.keys(schema.properties ?? {})).toEqual(Object.keys(plugin[group].shape));
      for (const property of Object.values(schema.properties ?? {})) {
        expect(property).toMatchObject({
          title: expect.any(String),
          titles: { "zh-CN": expect.any(String) },
        });
      }
    }
  });

  test("its timing is valid", () => {
    expect(Timing.parse(plugin.defaults)).toEqual(plugin.defaults);
  });

  test("what is switchable has a route", () => {
    expect(plugin.hasRoute || !plugin.switchable).toBe(true);
  });

  test("an application's address follows from public settings alone, exactly where there is a route", () => {
    const source = plugin.source(settings);
    if (plugin.hasRoute) expect(source).toMatchObject({ host: "192.0.2.10", port: plugin.defaultPort });
    else expect(source).toBeNull();
  });

  test("applications have an SDK exactly where there is a route, with a driver that the SDK takes", () => {
    expect(plugin.sdk !== undefined).toBe(plugin.hasRoute);
    if (plugin.sdk !== undefined) expect(Object.keys(SDK.peerDependencies)).toContain(plugin.sdk.driver);
  });

  test("opening a session connects to nothing and loads nothing", () => {
    let calls = 0;
    const count = () => {
      calls += 1;
    };
    const context = {
      load: () => Promise.reject(new Error("loaded too early")),
      onClosed: count,
      accessTimeoutMs: 1000,
    };
    const session = plugin.open({ ...settings, ...secret }, context);
    session.destroy();
    session.destroy();
    expect(calls).toBe(0);
  });

  test("a driver that cannot be loaded is the agent's trouble, not the target's", async () => {
    const missing = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
    const session = plugin.open(settings, {
      load: () => Promise.reject(missing),
      onClosed: () => undefined,
      accessTimeoutMs: 1000,
    });
    const ran = await runProbe(session, 20_000);
    session.destroy();
    expect(ran.type).toBe("ended");
    expect(ran.type === "ended" ? plugin.judge(ran.outcome, settings) : null).toMatchObject({
      verdict: "config",
      reason: "bad-settings",
    });
  });

  test("it judges any outcome, in a valid judgement that is not up", () => {
    for (const outcome of ODD_OUTCOMES) {
      const judgement = plugin.judge(outcome, settings);
      expect(Judgement.parse(judgement)).toEqual(judgement);
      expect(judgement.verdict).not.toBe("up");
    }
  });
});
