import type { ProbeReason, Verdict } from "@evenkeel/contracts/observation";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { expect, test } from "vitest";
import { KIND_CASES } from "./kind-cases.ts";

const pg = { recovering: false, read_only: "off", used: 3, allowed: 97 };
const mysql = (settings: object, used = 3) => [
  [{ read_only: 0, engine_read_only: 0, allowed: 100, ...settings }],
  [{ Variable_name: "Threads_connected", Value: String(used) }],
];
const redis = { role: "master", clients: "connected_clients:3\r\nmaxclients:10\r\n", persistence: "" };

const search = (health: object, blocks: object | null = {}) => ({
  health: { status: "green", number_of_nodes: 3, unassigned_shards: 0, ...health },
  blocks: blocks === null ? null : { global: [], flooded: 0, ...blocks },
});

const mongo = (hello: object, status: object | null = {}) => ({
  hello: { isWritablePrimary: true, ...hello },
  status: status === null ? null : { connections: { current: 5, available: 95 }, ...status },
});
const SECONDARY = { isWritablePrimary: false, secondary: true, setName: "rs0", primary: "a:27017" };

const oracle = (database: object, sessions: object = {}, processes: object = {}) =>
  [
    { resource: "sessions", used: 80, allowed: "472", ...sessions },
    { resource: "processes", used: 70, allowed: "300", ...processes },
  ].map((one) => ({
    ...{ openMode: "READ WRITE", role: "PRIMARY", status: "OPEN", logins: "ALLOWED" },
    ...database,
    ...one,
  }));
const NO_RESOURCE = { resource: null, used: null, allowed: null };

const ANSWERS: readonly (readonly [string, string, unknown, Verdict, ProbeReason])[] = [
  ["postgresql", "a primary", pg, "up", "ok"],
  ["postgresql", "a standby", { ...pg, recovering: true }, "read_only", "read-only"],
  ["postgresql", "writes off", { ...pg, read_only: "on" }, "read_only", "read-only"],
  ["postgresql", "almost full", { ...pg, used: 93 }, "degraded", "saturated"],
  ["postgresql", "nearly almost full", { ...pg, used: 92 }, "up", "ok"],
  ["oracle", "a primary", oracle({}), "up", "ok"],
  ["oracle", "a primary being upgraded", oracle({ status: "OPEN MIGRATE" }), "up", "ok"],
  ["oracle", "opened to read", oracle({ openMode: "READ ONLY" }), "read_only", "read-only"],
  ["oracle", "mounted only", oracle({ openMode: "MOUNTED" }), "read_only", "read-only"],
  [
    "oracle",
    "a standby that applies",
    oracle({ role: "PHYSICAL STANDBY", openMode: "READ ONLY WITH APPLY" }),
    "read_only",
    "read-only",
  ],
  [
    "oracle",
    "a logical standby, open for writing",
    oracle({ role: "LOGICAL STANDBY" }),
    "read_only",
    "read-only",
  ],
  ["oracle", "a snapshot standby", oracle({ role: "SNAPSHOT STANDBY" }), "read_only", "read-only"],
  ["oracle", "for administrators only", oracle({ logins: "RESTRICTED" }), "read_only", "read-only"],
  ["oracle", "almost out of sessions", oracle({}, { used: 449 }), "degraded", "saturated"],
  ["oracle", "nearly almost out of sessions", oracle({}, { used: 448 }), "up", "ok"],
  ["oracle", "almost out of processes", oracle({}, {}, { used: 285 }), "degraded", "saturated"],
  ["oracle", "without a limit", oracle({}, { allowed: "UNLIMITED" }, { allowed: null }), "up", "ok"],
  ["oracle", "without resources", oracle({}, NO_RESOURCE, NO_RESOURCE), "up", "ok"],
  ["oracle", "no row", [], "down", "bad-answer"],
  ["oracle", "another shape", [{ openMode: 1 }], "down", "bad-answer"],
  ["mysql", "a server", mysql({}), "up", "ok"],
  ["mysql", "read_only", mysql({ read_only: 1 }), "read_only", "read-only"],
  ["mysql", "read_only in words", mysql({ read_only: "ON" }), "read_only", "read-only"],
  ["mysql", "MariaDB 12's read_only", mysql({ read_only: "NO_LOCK" }), "read_only", "read-only"],
  ["mysql", "off in words", mysql({ read_only: "OFF", engine_read_only: "0" }), "up", "ok"],
  ["mysql", "innodb_read_only", mysql({ engine_read_only: 1 }), "read_only", "read-only"],
  ["mysql", "almost full", mysql({}, 95), "degraded", "saturated"],
  ["mysql", "nearly almost full", mysql({}, 94), "up", "ok"],
  ["redis", "a master", redis, "up", "ok"],
  ["redis", "a replica", { ...redis, role: "slave" }, "read_only", "read-only"],
  ["redis", "a sentinel", { ...redis, role: "sentinel" }, "config", "bad-settings"],
  ["redis", "without INFO", { ...redis, clients: null, persistence: null }, "up", "ok"],
  ["redis", "without a known limit", { ...redis, clients: "connected_clients:3\r\n" }, "up", "ok"],
  [
    "redis",
    "almost full",
    { ...redis, clients: "connected_clients:19\r\nmaxclients:20\r\n" },
    "degraded",
    "saturated",
  ],
  [
    "redis",
    "a failed save",
    { ...redis, persistence: "loading:0\r\nrdb_last_bgsave_status:err\r\n" },
    "degraded",
    "disk-full",
  ],
  [
    "redis",
    "a failed append",
    { ...redis, persistence: "aof_last_write_status:err\r\n" },
    "degraded",
    "disk-full",
  ],
  ["elasticsearch", "green", search({}), "up", "ok"],
  ["elasticsearch", "yellow", search({ status: "yellow", unassigned_shards: 4 }), "up", "ok"],
  ["elasticsearch", "red", search({ status: "red", unassigned_shards: 4 }), "degraded", "incomplete"],
  ["elasticsearch", "a read-only cluster", search({}, { global: ["6"] }), "read_only", "read-only"],
  ["elasticsearch", "read-only but for deletes", search({}, { global: ["13"] }), "read_only", "read-only"],
  ["elasticsearch", "another block", search({}, { global: ["1"] }), "up", "ok"],
  ["elasticsearch", "beyond the flood stage", search({}, { flooded: 2 }), "read_only", "disk-full"],
  ["elasticsearch", "hidden blocks", search({}, null), "up", "ok"],
  ["elasticsearch", "another colour", search({ status: "blue" }), "down", "bad-answer"],
  ["mongodb", "a stand-alone server", mongo({}), "up", "ok"],
  ["mongodb", "a primary", mongo({ setName: "rs0" }), "up", "ok"],
  ["mongodb", "a router", mongo({ msg: "isdbgrid" }), "up", "ok"],
  ["mongodb", "a secondary", mongo(SECONDARY), "read_only", "read-only"],
  [
    "mongodb",
    "a set without a primary",
    mongo({ ...SECONDARY, primary: undefined }),
    "read_only",
    "read-only",
  ],
  ["mongodb", "an arbiter", mongo({ ...SECONDARY, arbiterOnly: true }, null), "config", "bad-settings"],
  [
    "mongodb",
    "no set yet",
    mongo({ isWritablePrimary: false, isreplicaset: true }),
    "config",
    "bad-settings",
  ],
  ["mongodb", "blocked writes", mongo({}, { repl: { userWriteBlockMode: 2 } }), "read_only", "read-only"],
  ["mongodb", "no blocked writes", mongo({}, { repl: { userWriteBlockMode: 1 } }), "up", "ok"],
  [
    "mongodb",
    "almost full",
    mongo({}, { connections: { current: 95, available: 5 } }),
    "degraded",
    "saturated",
  ],
  ["mongodb", "hidden connections", mongo({}, null), "up", "ok"],
  ["api", "the expected status", { status: 200 }, "up", "ok"],
  ["api", "another status", { status: 503 }, "down", "wrong-status"],
  ["api", "a redirect", { status: 302 }, "down", "wrong-status"],
  ["api", "a refused login", { status: 401 }, "config", "auth-failed"],
];

test.each(ANSWERS)("%s: %s", (kind, _, sample, verdict, reason) => {
  const settings = KIND_CASES[kind]?.settings("192.0.2.1:1234") ?? {};
  expect(
    findMonitorPlugin(kind)?.judge({ type: "answered", sample, latencyMs: 0.42 }, settings),
  ).toMatchObject({
    verdict,
    reason,
  });
});

test("an answer is told with its latency", () => {
  const settings = KIND_CASES.postgresql?.settings("192.0.2.1:1234") ?? {};
  const judge = (latencyMs: number) =>
    findMonitorPlugin("postgresql")?.judge({ type: "answered", sample: pg, latencyMs }, settings).words;
  expect(judge(0.42)).toBe("answered in 0.4 ms, 3 of 97 connections");
  expect(judge(42.4)).toBe("answered in 42 ms, 3 of 97 connections");
});

test("an API is judged by the status that its monitor expects", () => {
  const settings = { ...KIND_CASES.api?.settings("192.0.2.1:80"), expectedStatus: 204 };
  const judge = (status: number) =>
    findMonitorPlugin("api")?.judge({ type: "answered", sample: { status }, latencyMs: 1 }, settings).words;
  expect(judge(204)).toContain("status 204");
  expect(judge(200)).toBe("status 200 instead of 204 from 192.0.2.1:80");
});
