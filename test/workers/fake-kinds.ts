import type { Timing } from "@evenkeel/contracts/plan";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import { z } from "zod";

const defaults: Timing = {
  retryIntervalMs: 3000,
  monitorTimeoutMs: 10_000,
  accessTimeoutMs: 3000,
  healthPrecision: 1,
  healthyThreshold: 1,
  unhealthyThreshold: 2,
  fastRefuse: false,
};

function neverHere(): never {
  throw new Error("the control plane never probes");
}

/** A kind of database that can be switched. */
export const fakedb: MonitorPlugin = {
  kind: "fakedb",
  title: { en: "Fake database", "zh-CN": "假数据库" },
  defaultPort: 1,
  switchable: true,
  hasRoute: true,
  sdk: {
    algorithms: ["single-read-write", "single-write-local-read"],
    readsReplicas: true,
    measuresStaleness: true,
    driver: "fakedb",
    code: "ask();",
  },
  defaults,
  common: z.strictObject({ user: z.string(), database: z.string() }),
  target: z.strictObject({
    host: z.string(),
    port: z.number().int(),
    followers: z.array(z.string()).optional(),
  }),
  beside: ["followers"],
  secret: z.strictObject({ password: z.string().optional() }),
  account: "CREATE USER watcher",
  example: { common: {}, target: {}, secret: {} },
  open: neverHere,
  source: (settings) => {
    const { host, port, database, followers } = z
      .object({
        host: z.string(),
        port: z.number(),
        database: z.string(),
        followers: z.array(z.string()).default([]),
      })
      .parse(settings);
    return { host, port, replicas: followers, databases: [database], hasUser: true };
  },
  judge: neverHere,
};

function without({ account: _, sdk: __, ...rest }: MonitorPlugin): Omit<MonitorPlugin, "account" | "sdk"> {
  return rest;
}

/** A kind that is only watched. */
export const fakeapi: MonitorPlugin = {
  ...without(fakedb),
  kind: "fakeapi",
  switchable: false,
  hasRoute: false,
  common: z.strictObject({}),
  target: z.strictObject({ host: z.string(), port: z.number().int(), fromEdge: z.boolean().default(false) }),
  edgeRequest: (settings) => {
    const { host, port, fromEdge } = z
      .object({ host: z.string(), port: z.number(), fromEdge: z.boolean() })
      .parse(settings);
    return fromEdge ? { url: `http://${host}:${port}/`, method: "GET", headers: {} } : null;
  },
  judge: (outcome) =>
    outcome.type === "answered"
      ? { verdict: "up", reason: "ok", words: `asked: ${JSON.stringify(outcome.sample)}` }
      : { verdict: "down", reason: "unreachable", words: `not asked: ${outcome.type}` },
  source: () => null,
};
