import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import type { EngineHandle, EngineRequest, EngineResult } from "@evenkeel/lab/engines/engine-handle";
import { loadSecrets, type SecretName } from "@evenkeel/lab/engines/secrets";
import type { ProgramName } from "@evenkeel/lab/setup/programs";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { type EngineLab, openEngineLab, requireHandle, whyMissing } from "../lab/engines/engine-lab.ts";
import { openCuttingRelay } from "./cutting-relay.ts";
import { countSockets, openSession } from "./probe-kind.ts";

/** The server in dc1 as its administrator and its monitor reach it. */
export interface ServerUnderTest {
  readonly host: string;
  readonly port: number;
  /** Where the lab keeps its files. */
  readonly stateDir: string;
  readonly admin: { readonly user: string; readonly password: string };
  /** Settings of a working monitor. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What differs between engines. */
export interface EngineUnderTest {
  readonly kind: string;
  readonly program: ProgramName;
  readonly adminPassword: SecretName;
  start(request: EngineRequest): Promise<EngineResult>;
  readonly wrongPasswordCode: string;
  /** What a database that does not exist is answered with; null where there are no databases. */
  readonly missingDatabaseCode: string | null;
  /** What a server without room for one more answers with; null: it has no code of its own. */
  readonly fullCode: string;
  setReadOnly(server: ServerUnderTest, on: boolean): Promise<void>;
  /** Takes every connection that ordinary accounts may have; returns what gives them back. */
  fill(server: ServerUnderTest): Promise<() => Promise<void>>;
}

/** Enough for a busy machine. */
const ACCESS_TIMEOUT_MS = 3000;
/** For what is to time out. */
const SHORT_MS = 150;
/** For what must not be waited for: the test's own limit comes sooner. */
const ENDLESS_MS = 600_000;
/** Bytes of a login after which the connection is cut, one after the other. */
const CUTS = [0, 1, 4, 5, 20, 60, 78, 79, 90, 200];

/** The server, and what the tests do with it. */
export interface EngineFixture {
  readonly plugin: MonitorPlugin;
  server(): ServerUnderTest;
  handle(): EngineHandle;
  open(changes?: Record<string, unknown>, accessTimeoutMs?: number): ReturnType<typeof openSession>;
  /** Opens a session, probes once, closes it. */
  probeFresh(
    changes?: Record<string, unknown>,
    accessTimeoutMs?: number,
  ): Promise<Awaited<ReturnType<ReturnType<typeof openSession>["probe"]>>["judgement"]>;
}

/** Makes what the tests of an engine work with; `setUp` starts it, in the temporary folder of that moment. */
export function createFixture(
  engine: EngineUnderTest,
): EngineFixture & { setUp(): Promise<void>; tearDown(): Promise<void> } {
  const plugin = findMonitorPlugin(engine.kind);
  if (plugin === undefined) throw new Error(`there is no plugin ${engine.kind}`);
  let lab: EngineLab;
  let handle: EngineHandle;
  const server = (): ServerUnderTest => {
    const { dc1 } = handle.dataCentres;
    const database = dc1.database ?? "";
    const sql = { monitoredDatabase: database, connectedDatabases: [database] };
    return {
      host: dc1.host,
      port: dc1.port,
      stateDir: lab.stateDir,
      admin: { user: "evenkeel_admin", password: loadSecrets(lab.stateDir).passwords[engine.adminPassword] },
      settings: {
        ...dc1.users.probe,
        address: `${dc1.host}:${dc1.port}`,
        ...(dc1.database === undefined ? {} : sql),
      },
    };
  };
  const open: EngineFixture["open"] = (changes = {}, accessTimeoutMs = ACCESS_TIMEOUT_MS) =>
    openSession(plugin, { ...server().settings, ...changes }, accessTimeoutMs);
  return {
    plugin,
    server,
    handle: () => handle,
    open,
    async probeFresh(changes, accessTimeoutMs) {
      const { probe, destroy } = open(changes, accessTimeoutMs);
      const { judgement } = await probe();
      destroy();
      return judgement;
    },
    async setUp() {
      lab = await openEngineLab();
      handle = requireHandle(await engine.start(await lab.request(engine.program)));
    },
    tearDown: async () => await lab.remove(),
  };
}

function testAnswers(engine: EngineUnderTest, { open, probeFresh, server }: EngineFixture): void {
  test("a well server is up, and its connection is kept", async () => {
    await eventually(() => expect(countSockets()).toBe(0)); // Those of the set-up are closed first.
    const { probe, destroy, closings } = open();
    const first = await probe();
    const during = countSockets();
    expect(first.judgement).toMatchObject({ verdict: "up", reason: "ok" });
    for (let round = 0; round < 20; round += 1) expect((await probe()).judgement.verdict).toBe("up");
    expect(countSockets()).toBe(during);
    expect(closings()).toBe(0);
    destroy();
    await eventually(() => expect(countSockets()).toBe(0));
    expect(closings()).toBe(0);
  });

  test("[SAFE-5] a wrong password is config, names the user and shows no password", async () => {
    const judgement = await probeFresh({ password: "wrong-and-secret" });
    expect(judgement).toMatchObject({
      verdict: "config",
      reason: "auth-failed",
      code: engine.wrongPasswordCode,
    });
    expect(judgement.words).toContain(String(server().settings.user));
    expect(judgement.advice).toBeDefined();
    expect(JSON.stringify(judgement)).not.toContain("wrong-and-secret");
  });

  test("[SAFE-5] no password at all is config", async () => {
    expect(await probeFresh({ password: undefined })).toMatchObject({
      verdict: "config",
      reason: "auth-failed",
    });
  });

  // An engine without databases has no such case.
  if (engine.missingDatabaseCode !== null) {
    test("[SAFE-5] a missing database is config", async () => {
      expect(await probeFresh({ monitoredDatabase: "no_such_database" })).toMatchObject({
        verdict: "config",
        reason: "unknown-database",
        code: engine.missingDatabaseCode,
        words: expect.stringContaining("no_such_database"),
      });
    });
  }

  test("[SAFE-5] a read-only server lives", async () => {
    const { probe, destroy } = open();
    await probe();
    await engine.setReadOnly(server(), true);
    try {
      await eventually(async () =>
        expect(await probeFresh()).toMatchObject({ verdict: "read_only", reason: "read-only" }),
      );
    } finally {
      await engine.setReadOnly(server(), false);
    }
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"));
    destroy();
  });

  test("[SAFE-5] a full server is degraded, for who is in and for who wants in", async () => {
    const { probe, destroy } = open();
    await probe();
    const release = await engine.fill(server());
    try {
      expect((await probe()).judgement).toMatchObject({ verdict: "degraded", reason: "saturated" });
      for (let round = 0; round < 20; round += 1) {
        expect(await probeFresh()).toMatchObject({
          verdict: "degraded",
          reason: "saturated",
          code: engine.fullCode,
        });
      }
    } finally {
      destroy();
      await release();
    }
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"));
  });
}

function testFaults({ open, probeFresh, handle, server }: EngineFixture): void {
  test("kill -9 is told at once by the idle connection, once, and the next probe is refused", async () => {
    const { probe, destroy, closed, closings } = open();
    expect((await probe()).judgement.verdict).toBe("up");
    await handle().dataCentres.dc1.process.kill();
    await closed;
    expect(await probeFresh()).toMatchObject({ verdict: "down", reason: "refused" });
    expect(closings()).toBe(1);
    // The session is over: it never connects by itself, also when the server is back.
    expect(await handle().dataCentres.dc1.process.revive()).toEqual({ ok: true });
    const { judgement } = await probe();
    expect(judgement.verdict).toBe("down");
    // PostgreSQL's sessions may find time for a last word when their server is killed under them.
    expect(["closed", "reset", "shutting-down"]).toContain(judgement.reason);
    expect((await probeFresh()).verdict).toBe("up");
    destroy();
    expect(closings()).toBe(1);
  });

  test("a stopped server times out, kept or fresh, and leaves no socket behind", async () => {
    const before = countSockets();
    const { process: server } = handle().dataCentres.dc1;
    const kept = open({}, SHORT_MS);
    await eventually(async () => expect((await kept.probe()).judgement.verdict).toBe("up"));
    server.stop();
    try {
      expect((await kept.probe()).judgement).toMatchObject({ verdict: "down", reason: "timed-out" });
      kept.destroy();
      expect(await probeFresh({}, SHORT_MS)).toMatchObject({ verdict: "down", reason: "timed-out" });
      await eventually(() => expect(countSockets()).toBeLessThanOrEqual(before));
    } finally {
      server.cont();
    }
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"));
    expect(kept.closings()).toBe(0);
  });

  test("a probe in flight rejects when the server dies, long before its deadline", async () => {
    const { process: server } = handle().dataCentres.dc1;
    const { probe, destroy } = open({}, ENDLESS_MS);
    await probe();
    server.stop();
    const asked = probe();
    await server.kill();
    const { judgement } = await asked;
    expect(judgement.verdict).toBe("down");
    expect(["closed", "reset", "shutting-down"]).toContain(judgement.reason);
    destroy();
    expect(await server.revive()).toEqual({ ok: true });
  });

  test.each(CUTS)("a login that is cut after %i bytes of the server's is down", async (bytes) => {
    const before = countSockets();
    const relay = await openCuttingRelay(server(), bytes);
    const judgement = await probeFresh({ address: relay.address });
    await relay.close();
    expect(judgement).toMatchObject({ verdict: "down", reason: "closed" });
    await eventually(() => expect(countSockets()).toBeLessThanOrEqual(before));
  });
}

/**
 * What every engine's plugin has to see in a real server.
 *
 * @param name the engine's name
 * @param engine what differs
 * @param more tests that only this engine has
 */
export async function describePlugin(
  name: string,
  engine: EngineUnderTest,
  more: (fixture: EngineFixture) => void = () => undefined,
): Promise<void> {
  const missing = await whyMissing(engine.program);
  if (missing !== undefined) {
    test(`${name} is seen`, ({ skip }) => skip(missing));
    return;
  }
  describe(name, () => {
    const fixture = createFixture(engine);
    beforeAll(fixture.setUp);
    afterAll(fixture.tearDown);
    testAnswers(engine, fixture);
    testFaults(fixture);
    more(fixture);
  });
}
