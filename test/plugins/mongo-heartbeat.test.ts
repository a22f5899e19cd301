import { loadDriver } from "@evenkeel/agent/drivers";
import type { HeartbeatSession } from "@evenkeel/contracts/heartbeat-plugin";
import { mongoHeartbeat } from "@evenkeel/plugins/mongo-heartbeat";
import { mongodb } from "@evenkeel/plugins/monitors/mongodb";
import { describeError } from "@evenkeel/plugins/probe-error";
import { describe, expect, it, onTestFinished } from "vitest";
import { mongoError, serveMongo } from "./fake-mongo.ts";

const PASSWORD = "heartbeat-password";
/** Enough for a busy machine. */
const LIMIT_MS = 20_000;

const makeSettings = (addresses: readonly string[]) => ({
  ...mongodb.example.common,
  ...{ addresses, heartbeatUser: "evenkeel_heartbeat", heartbeatPassword: PASSWORD },
});

function open(addresses: readonly string[]): HeartbeatSession {
  const context = { load: loadDriver, onClosed: () => undefined, accessTimeoutMs: LIMIT_MS };
  const session = mongoHeartbeat.open(makeSettings(addresses), context, "agt_1");
  onTestFinished(() => session.destroy());
  return session;
}

/** How a failed write is judged. */
async function judgeWrite(session: HeartbeatSession, addresses: readonly string[]) {
  const error = await session.write(1).then(
    () => {
      throw new Error("the write was taken");
    },
    (failure: unknown) => describeError(failure),
  );
  return mongoHeartbeat.judge({ type: "failed", error, afterMs: 1 }, makeSettings(addresses));
}

const taken = { ok: 1, n: 1 };
const serve = (update: () => Record<string, unknown>) =>
  serveMongo(PASSWORD, (command) => ("update" in command ? update() : undefined));

describe("MongoDB's heartbeats", () => {
  it("are one document per agent, confirmed by most members", async () => {
    let seen: Record<string, unknown> = {};
    const server = await serveMongo(PASSWORD, (command) => {
      if ("update" in command) seen = command;
      return "update" in command ? taken : undefined;
    });
    const session = open([server.address]);
    expect(session.isLoggedIn()).toBe(false);
    await session.write(1234);
    expect(session.isLoggedIn()).toBe(true);
    expect(seen).toMatchObject({
      update: "heartbeat",
      $db: "evenkeel_probe",
      updates: [{ q: { _id: "agt_1" }, u: { $set: { seq: 1234 } }, upsert: true }],
      writeConcern: { w: "majority", wtimeout: LIMIT_MS / 2 },
    });
    await session.write(1235);
    expect(server.sockets).toHaveLength(1);
  });

  it("are read from any member that holds data", async () => {
    const firstBatch = [{ _id: "agt_1", seq: 77 }];
    const server = await serveMongo(PASSWORD, (command) =>
      "find" in command ? { ok: 1, cursor: { id: 0, firstBatch } } : undefined,
    );
    expect(await open([server.address]).read()).toBe(77);
    expect(await open([(await serveMongo(PASSWORD)).address]).read()).toBeNull();
  });

  it("go to the primary, whichever of the addresses it is, and to it first from then on", async () => {
    const secondary = await serve(() => mongoError(10_107, "NotWritablePrimary"));
    const primary = await serve(() => taken);
    const session = open([secondary.address, primary.address]);
    await session.write(1);
    await session.write(2);
    expect(secondary.commands.filter((name) => name === "update")).toHaveLength(1);
    expect(primary.commands.filter((name) => name === "update")).toHaveLength(2);
  });

  it.each([
    ["no primary", () => mongoError(10_107, "NotWritablePrimary"), "read_only", "read-only", "10107"],
    ["a missing role", () => mongoError(13, "Unauthorized"), "config", "permission-denied", "13"],
    [
      "a full disk",
      () => ({ ok: 1, writeErrors: [{ index: 0, code: 14_031, errmsg: "OutOfDiskSpace" }] }),
      "degraded",
      "disk-full",
      "14031",
    ],
    [
      "a lost majority",
      () => ({ ok: 1, n: 1, writeConcernError: { code: 64, errmsg: "waiting for replication timed out" } }),
      "degraded",
      "incomplete",
      "64",
    ],
  ] as const)("tell of %s", async (_, update, verdict, reason, code) => {
    const server = await serve(update);
    const session = open([server.address]);
    expect(await judgeWrite(session, [server.address])).toMatchObject({ verdict, reason, code });
    expect(session.isLoggedIn()).toBe(true);
  });

  it("tell of a refused login, and have not been let in", async () => {
    const server = await serveMongo("another password");
    const session = open([server.address]);
    const judgement = await judgeWrite(session, [server.address]);
    expect(judgement).toMatchObject({ verdict: "config", reason: "auth-failed", code: "18" });
    expect(session.isLoggedIn()).toBe(false);
  });
});
