import { mongodb } from "@evenkeel/plugins/monitors";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { eventually } from "../eventually.ts";
import { mongoError, serveMongo } from "./fake-mongo.ts";
import { FAULTS } from "./fault-servers.ts";
import { countSockets, openSession } from "./probe-kind.ts";
import { OTHER_NAME, OWN_NAME } from "./test-certificates.ts";

/** Enough for a busy machine. */
const ACCESS_TIMEOUT_MS = 5000;
/** For what may never be answered. */
const SHORT_MS = 150;
const PASSWORD = "pw,=ü-not-shown";

afterEach(async () => {
  await eventually(() => expect(countSockets()).toBe(0));
});

function openTarget(addresses: readonly string[], changes: object = {}, accessTimeoutMs = ACCESS_TIMEOUT_MS) {
  const settings = {
    ...mongodb.common.parse(mongodb.example.common),
    ...mongodb.target.parse({ addresses }),
    password: PASSWORD,
    ...changes,
  };
  const opened = openSession(mongodb, settings, accessTimeoutMs);
  onTestFinished(opened.destroy);
  return opened;
}

async function probeOnce(...given: Parameters<typeof openTarget>) {
  const { probe, destroy } = openTarget(...given);
  const { judgement } = await probe();
  destroy();
  return judgement;
}

const answerTo = (name: string, reply: Record<string, unknown>) => (command: Record<string, unknown>) =>
  Object.hasOwn(command, name) ? reply : undefined;

test("a probe logs in once and asks three things in one go, over one kept connection", async () => {
  const server = await serveMongo(PASSWORD);
  const { probe, destroy } = openTarget([server.address]);
  for (let round = 0; round < 3; round += 1) {
    expect((await probe()).judgement).toMatchObject({
      verdict: "up",
      words: expect.stringContaining("stand-alone server"),
    });
  }
  const asked = ["hello", "find", "serverStatus"];
  expect(server.commands).toEqual(["hello", "saslStart", "saslContinue", ...asked, ...asked, ...asked]);
  expect(server.sockets).toHaveLength(1);
  destroy();
});

test("[SAFE-5] a wrong password is config, names the user and shows no password", async () => {
  const server = await serveMongo("another");
  const judgement = await probeOnce([server.address]);
  expect(judgement).toMatchObject({ verdict: "config", reason: "auth-failed", code: "18" });
  expect(judgement.words).toContain("evenkeel_probe");
  expect(JSON.stringify(judgement)).not.toContain("not-shown");
});

test("[SAFE-5] an account without SCRAM-SHA-256 is config, before a password is risked", async () => {
  const server = await serveMongo(
    PASSWORD,
    answerTo("hello", { ok: 1, isWritablePrimary: true, saslSupportedMechs: ["SCRAM-SHA-1"] }),
  );
  expect(await probeOnce([server.address])).toMatchObject({ verdict: "config", reason: "auth-failed" });
  expect(server.commands).toEqual(["hello"]);
});

test("a server that does not know the password itself is not believed", async () => {
  const server = await serveMongo(
    PASSWORD,
    answerTo("saslContinue", { ok: 1, conversationId: 1, done: true, payload: Buffer.from("v=AAAA") }),
  );
  expect(await probeOnce([server.address])).toMatchObject({
    verdict: "config",
    reason: "auth-failed",
    code: "WRONG_SERVER_SIGNATURE",
  });
});

test.each(["i=1", "i=100000000", "i=x"])(
  "a login of %s iterations is not taken part in",
  async (iterations) => {
    const server = await serveMongo(PASSWORD, (command) => {
      if (!Object.hasOwn(command, "saslStart")) return undefined;
      const nonce = /r=(.*)$/.exec(String(command.payload))?.[1];
      const payload = Buffer.from(`r=${nonce}more,s=${btoa("salt")},${iterations}`);
      return { ok: 1, conversationId: 1, done: false, payload };
    });
    expect(await probeOnce([server.address])).toMatchObject({ verdict: "down", reason: "bad-answer" });
  },
);

test.each([
  [13, "Unauthorized", "config", "permission-denied"],
  [50, "MaxTimeMSExpired", "degraded", "saturated"],
  [91, "ShutdownInProgress", "down", "shutting-down"],
  [133, "FailedToSatisfyReadPreference", "degraded", "incomplete"],
  [10107, "NotWritablePrimary", "read_only", "read-only"],
  [13436, "NotPrimaryOrSecondary", "down", "starting"],
  [14031, "OutOfDiskSpace", "degraded", "disk-full"],
  [8, "UnknownError", "degraded", "bad-answer"],
] as const)("error %i (%s) is %s", async (code, name, verdict, reason) => {
  const server = await serveMongo(PASSWORD, answerTo("find", mongoError(code, name)));
  expect(await probeOnce([server.address])).toMatchObject({
    verdict,
    reason,
    code: String(code),
    words: expect.stringContaining(`${name}: as the server says`),
  });
});

test("an account that may not see connections is up, and asks for them once only", async () => {
  const server = await serveMongo(PASSWORD, answerTo("serverStatus", mongoError(13, "Unauthorized")));
  const { probe, destroy } = openTarget([server.address]);
  for (let round = 0; round < 3; round += 1) expect((await probe()).judgement.verdict).toBe("up");
  expect(server.commands.filter((name) => name === "serverStatus")).toHaveLength(1);
  destroy();
});

test("an arbiter is told apart without a login", async () => {
  const server = await serveMongo(PASSWORD, (command) => {
    if (Object.hasOwn(command, "hello")) return { ok: 1, isWritablePrimary: false, arbiterOnly: true };
    return Object.hasOwn(command, "find") ? mongoError(13, "Unauthorized") : undefined;
  });
  expect(await probeOnce([server.address])).toMatchObject({
    verdict: "config",
    reason: "bad-settings",
    words: expect.stringContaining("arbiter"),
  });
  expect(server.commands).not.toContain("saslStart");
});

test("members of a replica set are each shown, and the primary speaks", async () => {
  const secondary = {
    ok: 1,
    isWritablePrimary: false,
    secondary: true,
    setName: "rs0",
    primary: "db1:27017",
  };
  const mechs = { saslSupportedMechs: ["SCRAM-SHA-256"] };
  const second = await serveMongo(PASSWORD, answerTo("hello", { ...secondary, ...mechs }));
  const first = await serveMongo(
    PASSWORD,
    answerTo("hello", { ok: 1, isWritablePrimary: true, setName: "rs0", ...mechs }),
  );
  const refused = await FAULTS.refused();
  const judgement = await probeOnce([second.address, refused.address, first.address]);
  expect(judgement).toMatchObject({ verdict: "up", words: expect.stringContaining("primary of rs0") });
  expect(judgement.parts?.map((part) => part.verdict)).toEqual(["read_only", "down", "up"]);
  // Without the primary the set takes no writes, and lives.
  expect(await probeOnce([second.address, refused.address])).toMatchObject({
    verdict: "read_only",
    words: expect.stringContaining("the primary is db1:27017"),
  });
});

test("TLS is required or verified", async () => {
  const good = await serveMongo(PASSWORD, undefined, OWN_NAME);
  const other = await serveMongo(PASSWORD, undefined, OTHER_NAME);
  const plain = await serveMongo(PASSWORD);
  const { port } = new URL(`tcp://${good.address}`);
  const verify = { mode: "verify", caPem: OWN_NAME.cert };
  expect((await probeOnce([good.address], { tls: { mode: "require" } })).verdict).toBe("up");
  expect((await probeOnce([good.address], { tls: verify })).verdict).toBe("up");
  expect((await probeOnce([`localhost:${port}`], { tls: verify })).verdict).toBe("up");
  expect(await probeOnce([good.address], { tls: { mode: "verify" } })).toMatchObject({
    verdict: "config",
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
  });
  const wrongName = { mode: "verify", caPem: OTHER_NAME.cert };
  expect(await probeOnce([other.address], { tls: wrongName })).toMatchObject({
    verdict: "config",
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
  expect(await probeOnce([good.address], {}, SHORT_MS)).toMatchObject({ verdict: "down" });
  const encrypted = await probeOnce([plain.address], { tls: { mode: "require" } }, SHORT_MS);
  expect(encrypted.verdict).not.toBe("up");
});

test("the end of a kept connection is told once, through TLS too", async () => {
  for (const certificate of [undefined, OWN_NAME]) {
    const server = await serveMongo(PASSWORD, undefined, certificate);
    const tls = certificate === undefined ? {} : { tls: { mode: "require" } };
    const { probe, closed, closings, destroy } = openTarget([server.address], tls);
    expect((await probe()).judgement.verdict).toBe("up");
    for (const socket of server.sockets) socket.destroy();
    await closed;
    expect((await probe()).judgement).toMatchObject({ verdict: "down" });
    expect(closings()).toBe(1);
    destroy();
  }
});
