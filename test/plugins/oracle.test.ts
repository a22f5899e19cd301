import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { loadDriver, loadDrivers } from "@evenkeel/agent/drivers";
import type { ShownCertificate } from "@evenkeel/contracts/certificate";
import type { Verdict } from "@evenkeel/contracts/observation";
import type { ProbeContext } from "@evenkeel/contracts/plugin";
import { oracle } from "@evenkeel/plugins/monitors";
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../eventually.ts";
import {
  type Answer,
  accept,
  acceptOld,
  makeLargePacket,
  makePacket,
  redirectTo,
  refuse,
  refuseInTwo,
  resend,
  serveListener,
} from "./fake-listener.ts";
import { FAULTS, openServer } from "./fault-servers.ts";
import { countSockets, openSession } from "./probe-kind.ts";
import { OTHER_NAME, OWN_NAME } from "./test-certificates.ts";

/** Enough for a busy machine. */
const ACCESS_TIMEOUT_MS = 8000;
/** For what is never answered. */
const SHORT_MS = 200;

function settingsOf(address: string, changes: object = {}) {
  return {
    ...oracle.common.parse(oracle.example.common),
    ...oracle.target.parse({ address }),
    password: "pw-not-shown",
    ...changes,
  };
}

function openTarget(address: string, changes: object = {}, accessTimeoutMs = ACCESS_TIMEOUT_MS) {
  const opened = openSession(oracle, settingsOf(address, changes), accessTimeoutMs);
  onTestFinished(opened.destroy);
  return opened;
}

async function probeOnce(...given: Parameters<typeof openTarget>) {
  const { probe, destroy } = openTarget(...given);
  const { judgement } = await probe();
  destroy();
  expect(JSON.stringify(judgement)).not.toContain("not-shown");
  return judgement;
}

beforeAll(() => loadDrivers(oracle));
afterEach(async () => {
  await eventually(() => expect(countSockets()).toBe(0));
});

describe("[SAFE-5] a listener's refusal is judged by its number", () => {
  test.each([
    [12514, "down", "unknown-database"],
    [12505, "down", "unknown-database"],
    [12506, "config", "permission-denied"],
    [12516, "degraded", "saturated"],
    [12518, "degraded", "saturated"],
    [12519, "degraded", "saturated"],
    [12520, "degraded", "saturated"],
    [12526, "read_only", "read-only"],
    [12528, "down", "starting"],
    [12541, "down", "refused"],
    [1034, "down", "starting"],
    [12599, "degraded", "bad-answer"],
  ] as const)("ORA-%i is %s, %s", async (number, verdict, reason) => {
    const code = `ORA-${String(number).padStart(5, "0")}`;
    for (const answer of [refuse(number), refuseInTwo(number)]) {
      const { address } = await serveListener(answer);
      const judgement = await probeOnce(address);
      expect(judgement).toMatchObject({ verdict, reason, code });
      expect(judgement.words).toContain(address);
      expect(judgement.words).not.toContain("CONNECTION_ID");
    }
  });
});

test("a service or a SID is asked for, and no password is sent to a listener", async () => {
  const listener = await serveListener(refuse(12514));
  await probeOnce(listener.address);
  await probeOnce(listener.address, { monitoredDatabase: "ORCL", connectBy: "sid" });
  expect(listener.descriptors[0]).toContain("(SERVICE_NAME=shop.example.com)");
  expect(listener.descriptors[1]).toContain("(SID=ORCL)");
  expect(listener.descriptors.join()).not.toContain("not-shown");
});

test.each(["a)(b", "a b", "a=b", "", "x".repeat(65)])("%j is no service", (monitoredDatabase) => {
  expect(oracle.common.safeParse({ ...oracle.example.common, monitoredDatabase }).success).toBe(false);
});

test("a listener may ask again, and send elsewhere", async () => {
  const last = await serveListener(refuse(12528));
  const first = await serveListener((stream, attempt, socket) =>
    (attempt < 3 ? resend : redirectTo(last.port))(stream, attempt, socket),
  );
  expect(await probeOnce(first.address)).toMatchObject({ verdict: "down", code: "ORA-12528" });
  expect(first.descriptors).toHaveLength(3);
  expect(last.descriptors).toHaveLength(1);
});

test("listeners that send to and fro are down", async () => {
  const there: { port: number } = { port: 0 };
  const one = await serveListener((...given) => redirectTo(there.port)(...given));
  there.port = one.port;
  expect(await probeOnce(one.address)).toMatchObject({ verdict: "down", reason: "bad-answer" });
});

describe("at the deadline no socket stays", () => {
  const mute = (): void => undefined;
  const drip: Answer = (stream) => {
    accept(stream);
    stream.once("data", () => {
      // The beginning of a packet that is longer than anybody waits for.
      stream.write(makeLargePacket("data", Buffer.alloc(4000)).subarray(0, 20));
      const dripping = setInterval(() => stream.write(Buffer.from([0])), 5);
      stream.once("close", () => clearInterval(dripping));
    });
  };
  test.each<readonly [string, Answer]>([
    ["to the connect packet nobody answers", mute],
    ["the login is not answered", accept],
    ["the login is answered byte by byte", drip],
    ["the listener asks again for ever", resend],
  ])("when %s", async (_, answer) => {
    const { address, sockets } = await serveListener(answer);
    expect(await probeOnce(address, {}, SHORT_MS)).toMatchObject({ verdict: "down", reason: "timed-out" });
    await eventually(() => expect(sockets.every((socket) => socket.destroyed)).toBe(true));
  });

  test("when the listener sends to one that says nothing", async () => {
    const silent = await serveListener(mute);
    const { address } = await serveListener(redirectTo(silent.port));
    expect(await probeOnce(address, {}, SHORT_MS)).toMatchObject({ verdict: "down", reason: "timed-out" });
    await eventually(() => expect(silent.sockets.every((socket) => socket.destroyed)).toBe(true));
  });

  test("when a TLS handshake is not answered", async () => {
    const server = await FAULTS.mute();
    const judgement = await probeOnce(server.address, { tls: { mode: "verify" } }, SHORT_MS);
    expect(judgement).toMatchObject({ verdict: "down", reason: "timed-out" });
    await eventually(() => expect(countSockets()).toBeLessThanOrEqual(1));
    await server.close();
  });
});

describe("a login that breaks off is told as what it is", () => {
  const afterAccept =
    (then: Answer): Answer =>
    (stream, attempt, socket) => {
      accept(stream);
      stream.once("data", () => then(stream, attempt, socket));
    };
  test.each<readonly [string, Answer, Verdict, string]>([
    ["is closed", afterAccept((stream) => stream.end()), "down", "closed"],
    ["is reset", afterAccept((_, __, socket) => socket.resetAndDestroy()), "down", "reset"],
    ["is closed before", (stream) => stream.end(), "down", "closed"],
    ["is too old", acceptOld, "config", "bad-settings"],
    ["is no packet", (stream) => stream.write(makePacket(99, Buffer.alloc(9))), "down", "bad-answer"],
    ["is too short", (stream) => stream.write(Buffer.from([0, 1, 0, 0, 2, 0, 0, 0])), "down", "bad-answer"],
    [
      "is no login",
      afterAccept((stream) => stream.write(makeLargePacket("data", Buffer.alloc(90, 0x61)))),
      "down",
      "bad-answer",
    ],
  ])("when it %s", async (_, answer, verdict, reason) => {
    const { address } = await serveListener(answer);
    expect(await probeOnce(address)).toMatchObject({ verdict, reason });
  });
});

describe("TLS", () => {
  const verify = { mode: "verify", caPem: OWN_NAME.cert };

  test("is spoken, its authority and name are checked", async () => {
    const own = await serveListener(refuse(12528), OWN_NAME);
    const other = await serveListener(refuse(12528), OTHER_NAME);
    const spoken = { verdict: "down", code: "ORA-12528" };
    expect(await probeOnce(own.address, { tls: verify })).toMatchObject(spoken);
    expect(await probeOnce(`localhost:${own.port}`, { tls: verify })).toMatchObject(spoken);
    const otherAuthority = { mode: "verify-ca", caPem: OTHER_NAME.cert };
    expect(await probeOnce(other.address, { tls: otherAuthority })).toMatchObject(spoken);
    expect(await probeOnce(other.address, { tls: { ...otherAuthority, mode: "verify" } })).toMatchObject({
      verdict: "config",
      reason: "tls-failed",
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    for (const tls of [otherAuthority, { mode: "verify" }]) {
      expect(await probeOnce(own.address, { tls })).toMatchObject({
        verdict: "config",
        reason: "tls-failed",
        code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      });
    }
  });

  test("shows a certificate, which is read from the driver's own socket", async () => {
    const { address, port } = await serveListener(refuse(12528), OWN_NAME);
    const stream = connectSecurely({ host: "127.0.0.1", port, ca: OWN_NAME.cert });
    await once(stream, "secureConnect");
    // No login can be played here: the driver is one that has logged in, with its parts at their places.
    const connection = { execute: async () => ({}), _impl: { nscon: { ntAdapter: { stream } } } };
    const shown: ShownCertificate[] = [];
    const session = oracle.open(settingsOf(address, { tls: verify }), {
      load: async (specifier) =>
        specifier === "oracledb"
          ? ({ default: { getConnection: async () => connection } } as never)
          : await loadDriver(specifier),
      ...{ accessTimeoutMs: ACCESS_TIMEOUT_MS, onClosed: () => undefined },
      onCertificate: (one) => shown.push(one),
    });
    await session.probe();
    const untilMs = new X509Certificate(OWN_NAME.cert).validToDate.getTime();
    expect(shown).toEqual([{ address, subject: "CN=evenkeel test here", untilMs }]);
    session.destroy();
    stream.destroy();
  });

  test("[SAFE-5] that the listener does not have is config", async () => {
    const server = await openServer((socket) => {
      socket.once("data", () => socket.end("no TLS here"));
    });
    expect(await probeOnce(server.address, { tls: verify })).toMatchObject({
      verdict: "config",
      reason: "tls-failed",
    });
    await server.close();
  });

  test("that is cut off is down", async () => {
    const server = await openServer((socket) => {
      socket.once("data", () => socket.end());
    });
    expect(await probeOnce(server.address, { tls: verify })).toMatchObject({
      verdict: "down",
      reason: "closed",
    });
    await server.close();
  });

  test("[SAFE-5] with something else than certificates as an authority is config", async () => {
    const { address } = await serveListener(refuse(12528), OWN_NAME);
    const caPem = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----";
    expect(await probeOnce(address, { tls: { mode: "verify", caPem } })).toMatchObject({
      verdict: "config",
      reason: "tls-failed",
    });
  });
});

test("[SAFE-5] a name that does not resolve is config; IPv6 is reached", async () => {
  expect(await probeOnce("nowhere.invalid:1521")).toMatchObject({
    verdict: "config",
    reason: "name-not-found",
  });
  const refused = await FAULTS.refused();
  const { port } = new URL(`tcp://${refused.address}`);
  const judgement = await probeOnce(`[::1]:${port}`);
  // A machine without IPv6 says so, which is its own trouble.
  expect(["refused", "bad-settings", "unreachable"]).toContain(judgement.reason);
});

/** A driver that logs in to anybody, takes its socket's listeners away as the real one does, and asks by lines. */
function fakeDriver(rows: () => unknown) {
  return {
    OUT_FORMAT_OBJECT: 1,
    async getConnection({ connectString }: { readonly connectString: string }) {
      const port = Number(/PORT=(\d+)/.exec(connectString)?.[1]);
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      socket.removeAllListeners();
      return {
        oracleServerVersionString: "19.3.0.0.0",
        async execute() {
          socket.write("?");
          await once(socket, "data");
          return { rows: rows() };
        },
      };
    },
  };
}

describe("a kept connection", () => {
  const row = { openMode: "READ WRITE", role: "PRIMARY", status: "OPEN", logins: "ALLOWED" };
  const answer = [{ ...row, resource: "sessions", used: 3, allowed: "472" }];

  async function openKept(rows: () => unknown, respond: boolean) {
    const server = await openServer((socket) => {
      socket.on("data", () => respond && socket.write("!"));
    });
    onTestFinished(() => server.close());
    let closings = 0;
    const context: ProbeContext = {
      load: async <Module>(specifier: string) =>
        (specifier === "oracledb" ? { default: fakeDriver(rows) } : await import(specifier)) as Module,
      onClosed: () => {
        closings += 1;
      },
      accessTimeoutMs: ACCESS_TIMEOUT_MS,
    };
    const session = oracle.open(settingsOf(server.address), context);
    onTestFinished(session.destroy);
    return { server, session, closings: () => closings };
  }

  test("is used again, and its end is told once and at once", async () => {
    const { server, session, closings } = await openKept(() => answer, true);
    for (let round = 0; round < 3; round += 1) expect(await session.probe()).toEqual(answer);
    // The server's side and ours.
    expect(countSockets()).toBe(2);
    await server.close();
    await eventually(() => expect(closings()).toBe(1));
    await expect(session.probe()).rejects.toMatchObject({ code: "PEER_CLOSED" });
    session.destroy();
    expect(closings()).toBe(1);
  });

  test("tells a connection test the role, and the version where the driver has it", async () => {
    const { session } = await openKept(() => answer, true);
    await session.probe();
    expect(await session.inspect?.()).toEqual({
      version: "Oracle 19.3.0.0.0",
      role: "primary, read write",
      lagMs: null,
      missing: [],
    });
    session.destroy();
  });

  test("that hangs is cut by the deadline", async () => {
    const { session, closings } = await openKept(() => answer, false);
    const asked = session.probe().catch((error: { readonly code: string }) => error.code);
    await eventually(() => expect(countSockets()).toBe(2));
    session.destroy();
    expect(await asked).toBe("PROBE_ABANDONED");
    await eventually(() => expect(countSockets()).toBe(0));
    expect(closings()).toBe(0);
  });

  test("tells the server's own number, also where the driver hides it", async () => {
    for (const [code, message, number] of [
      ["ORA-00942", "ORA-00942: table or view does not exist\nHelp: https://…/ora-00942/", "ORA-00942"],
      ["NJS-500", "NJS-500: connection was closed\nORA-01089: immediate shutdown in progress", "ORA-01089"],
    ]) {
      const { session } = await openKept(() => {
        throw Object.assign(new Error(message), { code });
      }, true);
      await expect(session.probe()).rejects.toMatchObject({ code: number });
      session.destroy();
    }
  });
});
