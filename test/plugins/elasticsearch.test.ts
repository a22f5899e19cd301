import type { IncomingMessage, ServerResponse } from "node:http";
import { elasticsearch } from "@evenkeel/plugins/monitors";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { eventually } from "../eventually.ts";
import { FAULTS } from "./fault-servers.ts";
import { countSockets, openSession } from "./probe-kind.ts";
import { serveHttp } from "./serve-http.ts";
import { OTHER_NAME, OWN_NAME } from "./test-certificates.ts";

/** Enough for a busy machine. */
const ACCESS_TIMEOUT_MS = 3000;

afterEach(async () => {
  await eventually(() => expect(countSockets()).toBe(0));
});

const HEALTH = { status: "green", number_of_nodes: 3, unassigned_shards: 0, cluster_name: "shop" };

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** A node that is well, but for what a test answers itself. */
function node(overrides: Record<string, (response: ServerResponse) => void> = {}) {
  return ({ url = "" }: IncomingMessage, response: ServerResponse) => {
    const [path = ""] = url.split("?");
    const own = overrides[path];
    if (own !== undefined) own(response);
    else if (path === "/_cluster/health") sendJson(response, 200, HEALTH);
    else if (path === "/_cluster/state/blocks") sendJson(response, 200, {});
    else sendJson(response, 404, {});
  };
}

const failHealth = (status: number, body: object) =>
  node({ "/_cluster/health": (response) => sendJson(response, status, body) });

function openCluster(
  addresses: readonly string[],
  changes: object = {},
  accessTimeoutMs = ACCESS_TIMEOUT_MS,
) {
  const settings = {
    ...elasticsearch.common.parse({}),
    ...elasticsearch.target.parse({ addresses, user: "evenkeel_probe" }),
    password: "p:ss-not-shown",
    ...changes,
  };
  const opened = openSession(elasticsearch, settings, accessTimeoutMs);
  onTestFinished(opened.destroy);
  return opened;
}

async function probeOnce(...given: Parameters<typeof openCluster>) {
  const { probe, destroy } = openCluster(...given);
  const { judgement } = await probe();
  destroy();
  return judgement;
}

test("health and blocks are asked over one kept connection, as the monitor's account", async () => {
  const server = await serveHttp(node());
  const { probe, destroy } = openCluster([server.address]);
  for (let round = 0; round < 3; round += 1) {
    expect((await probe()).judgement).toMatchObject({
      verdict: "up",
      words: expect.stringContaining("status green, 3 nodes"),
    });
  }
  expect(server.sockets).toHaveLength(1);
  const login = `Basic ${Buffer.from("evenkeel_probe:p:ss-not-shown").toString("base64")}`;
  expect(new Set(server.requests.map(({ headers }) => headers.authorization))).toEqual(new Set([login]));
  expect(server.requests[0]?.url).toBe("/_cluster/health?timeout=1200ms&master_timeout=1200ms");
  destroy();
});

test("without a user no login is sent", async () => {
  const server = await serveHttp(node());
  expect((await probeOnce([server.address], { user: undefined, password: undefined })).verdict).toBe("up");
  expect(server.requests[0]?.headers.authorization).toBeUndefined();
});

test("[SAFE-5] a refused login is config, warns of the lockout and shows no password", async () => {
  const server = await serveHttp(
    failHealth(401, {
      error: { type: "security_exception", reason: "unable to authenticate user" },
      status: 401,
    }),
  );
  const judgement = await probeOnce([server.address]);
  expect(judgement).toMatchObject({ verdict: "config", reason: "auth-failed", code: "401" });
  expect(judgement.words).toContain("unable to authenticate user");
  expect(judgement.advice).toContain("15 minutes");
  expect(JSON.stringify(judgement)).not.toContain("not-shown");
});

test.each([
  [403, "config", "permission-denied"],
  [408, "down", "wrong-status"],
  [429, "degraded", "saturated"],
  [500, "degraded", "bad-answer"],
  [502, "down", "unreachable"],
  [503, "down", "wrong-status"],
  [504, "down", "unreachable"],
] as const)("status %i is %s (%s)", async (status, verdict, reason) => {
  const error = { type: "some_exception", reason: "as the server says" };
  const server = await serveHttp(failHealth(status, { error, status }));
  expect(await probeOnce([server.address])).toMatchObject({
    verdict,
    reason,
    code: String(status),
    words: expect.stringContaining("some_exception: as the server says"),
  });
});

test("an account that may not see blocks is told so, and the cluster is up", async () => {
  const server = await serveHttp(
    node({ "/_cluster/state/blocks": (response) => sendJson(response, 403, {}) }),
  );
  expect(await probeOnce([server.address])).toMatchObject({
    verdict: "up",
    words: expect.stringContaining("not visible to this account"),
  });
});

test("a connection test names the right to see blocks where it is missing", async () => {
  const server = await serveHttp(
    node({ "/_cluster/state/blocks": (response) => sendJson(response, 403, {}) }),
  );
  const { inspect, destroy } = openSession(elasticsearch, { addresses: [server.address] }, ACCESS_TIMEOUT_MS);
  expect(await inspect()).toMatchObject({ missing: [{ right: "monitor" }] });
  destroy();
});

test("blocks of more indices than a probe reads still make it read-only", async () => {
  const levels = { "12": { levels: ["write", "metadata_write"] } };
  const indices = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`index-${at}`, levels]));
  const server = await serveHttp(
    node({ "/_cluster/state/blocks": (response) => sendJson(response, 200, { blocks: { indices } }) }),
  );
  expect(await probeOnce([server.address])).toMatchObject({ verdict: "read_only", reason: "disk-full" });
});

test("another server on this port is a stranger", async () => {
  const server = await serveHttp((_, response) => response.end("<html>welcome</html>"));
  expect(await probeOnce([server.address])).toMatchObject({ verdict: "down", reason: "bad-answer" });
});

test("TLS is required or verified", async () => {
  const good = await serveHttp(node(), OWN_NAME);
  const other = await serveHttp(node(), OTHER_NAME);
  const verify = { mode: "verify", caPem: OWN_NAME.cert };
  expect((await probeOnce([good.address], { tls: { mode: "require" } })).verdict).toBe("up");
  expect((await probeOnce([good.address], { tls: verify })).verdict).toBe("up");
  expect(await probeOnce([good.address], { tls: { mode: "verify" } })).toMatchObject({
    verdict: "config",
    code: "DEPTH_ZERO_SELF_SIGNED_CERT",
  });
  const wrongName = { mode: "verify", caPem: OTHER_NAME.cert };
  expect(await probeOnce([other.address], { tls: wrongName })).toMatchObject({
    verdict: "config",
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
  });
});

test("several addresses: the cluster is as well as the best, and each is shown on its own", async () => {
  const well = await serveHttp(node());
  const noMaster = await serveHttp(
    failHealth(503, { error: { type: "master_not_discovered_exception", reason: null } }),
  );
  const refused = await FAULTS.refused();
  const judgement = await probeOnce([refused.address, noMaster.address, well.address]);
  expect(judgement).toMatchObject({ verdict: "up", words: expect.stringContaining("not so 2 of 3") });
  expect(judgement.parts).toMatchObject([
    { address: refused.address, verdict: "down", words: expect.stringContaining("refused") },
    { address: noMaster.address, verdict: "down", words: expect.stringContaining("master_not_discovered") },
    { address: well.address, verdict: "up" },
  ]);
});

test("an address that hangs is told as timed out, and costs the others no deadline", async () => {
  const well = await serveHttp(node());
  const hung = await serveHttp(() => undefined);
  const { probe, destroy } = openCluster([hung.address, well.address], {}, 2000);
  for (let round = 0; round < 2; round += 1) {
    const { outcome, judgement } = await probe();
    expect(outcome.type).toBe("answered");
    expect(judgement).toMatchObject({ verdict: "up" });
    expect(judgement.parts).toMatchObject([{ verdict: "down" }, { verdict: "up" }]);
    expect(judgement.parts?.[0]?.words).toContain("timed out");
  }
  // The connection that hangs is given up, the other one is kept.
  expect(well.sockets).toHaveLength(1);
  expect(hung.sockets).toHaveLength(2);
  destroy();
});

test("where every address hangs, the agent's deadline decides", async () => {
  const hung = await serveHttp(() => undefined);
  const mute = await FAULTS.mute();
  const judgement = await probeOnce([hung.address, mute.address], {}, 150);
  expect(judgement).toMatchObject({ verdict: "down", reason: "timed-out" });
  expect(judgement.words).toContain(`${hung.address}, ${mute.address}`);
  await mute.close();
});

test("[SAFE-5] an address that refused the login is not asked again while another answers", async () => {
  const well = await serveHttp(node());
  const refusing = await serveHttp(failHealth(401, { error: "no", status: 401 }));
  const { probe, destroy } = openCluster([refusing.address, well.address]);
  for (let round = 0; round < 5; round += 1) {
    expect((await probe()).judgement.parts).toMatchObject([{ verdict: "config" }, { verdict: "up" }]);
  }
  expect(refusing.requests).toHaveLength(1);
  expect(well.requests).toHaveLength(10);
  destroy();
});

test("an address that comes back is seen at the next probe", async () => {
  let isWell = false;
  const flapping = await serveHttp((request, response) =>
    (isWell ? node() : failHealth(503, { error: "x" }))(request, response),
  );
  const well = await serveHttp(node());
  const { probe, destroy } = openCluster([flapping.address, well.address]);
  expect((await probe()).judgement.parts?.[0]?.verdict).toBe("down");
  isWell = true;
  expect((await probe()).judgement.parts?.[0]?.verdict).toBe("up");
  destroy();
});

test("a probe of several addresses ends at once when its session is destroyed", async () => {
  const hung = await serveHttp(() => undefined);
  const { probe, destroy } = openCluster([hung.address, hung.address.replace("127.0.0.1", "localhost")]);
  const asked = probe();
  destroy();
  const { outcome } = await asked;
  expect(outcome).toMatchObject({ type: "failed", error: { code: "PROBE_ABANDONED" } });
});

test("only refusals by every address count as refusals", async () => {
  const [first, second] = [await FAULTS.refused(), await FAULTS.refused()];
  expect(await probeOnce([first.address, second.address])).toMatchObject({
    verdict: "down",
    reason: "refused",
  });
  const noMaster = await serveHttp(failHealth(503, { error: "x" }));
  expect(await probeOnce([first.address, noMaster.address])).toMatchObject({
    verdict: "down",
    reason: "wrong-status",
  });
});
