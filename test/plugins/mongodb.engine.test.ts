import { loadDriver } from "@evenkeel/agent/drivers";
import { startFerretdb } from "@evenkeel/lab/engines/ferretdb";
import type { ManagedProcess } from "@evenkeel/lab/processes/process-spec";
import { findFetched } from "@evenkeel/lab/setup/fetched-engines";
import { mongoHeartbeat } from "@evenkeel/plugins/mongo-heartbeat";
import { mongodb } from "@evenkeel/plugins/monitors";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { type EngineLab, openEngineLab } from "../lab/engines/engine-lab.ts";
import { openCuttingRelay } from "./cutting-relay.ts";
import { countSockets, openSession } from "./probe-kind.ts";

/** Enough for a busy machine. */
const ACCESS_TIMEOUT_MS = 5000;
/** For what is to time out. */
const SHORT_MS = 150;
/** For what must not be waited for: the test's own limit comes sooner. */
const ENDLESS_MS = 600_000;
/** Bytes of a login after which the connection is cut. */
const CUTS = [0, 1, 15, 16, 21, 100, 300, 400, 500];
const ADMIN = { user: "evenkeel_probe", password: "a-password-for-tests" };

const engine = findFetched("ferretdb");
const missing = "missing" in engine ? engine.missing : undefined;

if (missing !== undefined) test("MongoDB's protocol is spoken", ({ skip }) => skip(missing));

describe.skipIf(missing !== undefined)("FerretDB 1.24.2", () => {
  let lab: EngineLab;
  let server: ManagedProcess;
  let host: { host: string; port: number };

  beforeAll(async () => {
    if ("missing" in engine) throw new Error(engine.missing);
    lab = await openEngineLab();
    const { stateDir, supervisor } = lab;
    host = { host: "127.0.0.1", port: lab.ports["http-dc1"] };
    const started = await startFerretdb({ stateDir, supervisor, engine, port: host.port, admin: ADMIN });
    if (!started.ok) throw new Error(started.message);
    server = started.process;
  });
  afterAll(async () => await lab.remove());
  afterEach(async () => {
    await eventually(() => expect(countSockets()).toBe(0));
  });

  function open(changes: object = {}, accessTimeoutMs = ACCESS_TIMEOUT_MS) {
    const settings = {
      ...mongodb.example.common,
      addresses: [`${host.host}:${host.port}`],
      ...ADMIN,
      ...changes,
    };
    return openSession(mongodb, settings, accessTimeoutMs);
  }

  async function probeFresh(changes: object = {}, accessTimeoutMs = ACCESS_TIMEOUT_MS) {
    const { probe, destroy } = open(changes, accessTimeoutMs);
    const { judgement } = await probe();
    destroy();
    return judgement;
  }

  test("a well server is up, and its connection is kept", async () => {
    const { probe, destroy, closings } = open();
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"));
    expect((await probe()).judgement).toMatchObject({ verdict: "up", reason: "ok" });
    const during = countSockets();
    for (let round = 0; round < 20; round += 1) expect((await probe()).judgement.verdict).toBe("up");
    expect(countSockets()).toBe(during);
    expect(closings()).toBe(0);
    destroy();
  });

  test("a connection test tells version and role", async () => {
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"));
    const { probe, inspect, destroy } = open();
    await probe();
    expect(await inspect()).toEqual({
      version: expect.stringMatching(/^MongoDB 7\.0\.\d+ \(FerretDB v1\.24\.2\)$/),
      role: "stand-alone server",
      lagMs: null,
      missing: [],
    });
    destroy();
  });

  test("takes heartbeats, whose number is read back", async () => {
    const { user: heartbeatUser, password: heartbeatPassword } = ADMIN;
    const settings = { ...mongodb.example.common, addresses: [`${host.host}:${host.port}`] };
    const context = { load: loadDriver, onClosed: () => undefined, accessTimeoutMs: ACCESS_TIMEOUT_MS };
    const session = mongoHeartbeat.open({ ...settings, heartbeatUser, heartbeatPassword }, context, "agt_1");
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"));
    expect(await session.read()).toBeNull();
    for (const seq of [1_763_000_000_000, 1_763_000_000_001]) {
      await session.write(seq);
      expect(await session.read()).toBe(seq);
    }
    session.destroy();
  });

  test("[SAFE-5] a wrong password is config, names the user and shows no password", async () => {
    const judgement = await probeFresh({ password: "wrong-and-secret" });
    expect(judgement).toMatchObject({ verdict: "config", reason: "auth-failed", code: "18" });
    expect(judgement.words).toContain(ADMIN.user);
    expect(judgement.advice).toBeDefined();
    expect(JSON.stringify(judgement)).not.toContain("wrong-and-secret");
  });

  test("[SAFE-5] an unknown user, no password and a wrong database of the account are config", async () => {
    for (const changes of [{ user: "nobody" }, { password: undefined }, { authDatabase: "shop" }]) {
      expect(await probeFresh(changes)).toMatchObject({ verdict: "config", reason: "auth-failed" });
    }
  });

  test("kill -9 is told at once by the idle connection, once, and the next probe is refused", async () => {
    const { probe, destroy, closed, closings } = open();
    expect((await probe()).judgement.verdict).toBe("up");
    await server.kill();
    await closed;
    expect(await probeFresh()).toMatchObject({ verdict: "down", reason: "refused" });
    expect(closings()).toBe(1);
    expect(await server.revive()).toEqual({ ok: true });
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"));
    destroy();
  });

  test("a stopped server times out, kept or fresh", async () => {
    const kept = open({}, SHORT_MS);
    await eventually(async () => expect((await kept.probe()).judgement.verdict).toBe("up"));
    server.stop();
    try {
      expect((await kept.probe()).judgement).toMatchObject({ verdict: "down", reason: "timed-out" });
      expect(await probeFresh({}, SHORT_MS)).toMatchObject({ verdict: "down", reason: "timed-out" });
    } finally {
      kept.destroy();
      server.cont();
    }
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"));
  });

  test("a probe in flight rejects when the server dies, long before its deadline", async () => {
    const { probe, destroy } = open({}, ENDLESS_MS);
    await probe();
    server.stop();
    const asked = probe();
    await server.kill();
    const { judgement } = await asked;
    expect(judgement.verdict).toBe("down");
    expect(["closed", "reset"]).toContain(judgement.reason);
    destroy();
    expect(await server.revive()).toEqual({ ok: true });
  });

  test.each(CUTS)("a login that is cut after %i bytes of the server's is down", async (bytes) => {
    const relay = await openCuttingRelay(host, bytes);
    const judgement = await probeFresh({ addresses: [relay.address] });
    await relay.close();
    expect(judgement).toMatchObject({ verdict: "down", reason: "closed" });
  });
});
