import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type OpenRouteStoreOptions, openRouteStore } from "../../route-store/open-route-store.ts";
import { prefixEnd, toWire } from "../../route-store/wire-encoding.ts";
import { ROOT, startCluster, type TestCluster, until, whyNoEtcd } from "./etcd-cluster.ts";
import {
  createAuthority,
  type TestAuthority,
  type TestCertificate,
  whyNoOpenssl,
} from "./test-certificates.ts";
import { recordWatch } from "./watch-record.ts";

const SLOW_MS = 60_000;
const PASSWORD = "reader-secret";
const missing = whyNoEtcd() ?? whyNoOpenssl();
if (missing !== null) console.warn(`skipped: ${missing}`);

describe.skipIf(missing !== null)(`etcd that asks for a password and a client certificate`, () => {
  const directory = mkdtempSync(join(tmpdir(), "evenkeel-tls-"));
  const opened: RouteStore[] = [];
  let authority: TestAuthority;
  let stranger: TestAuthority;
  let client: TestCertificate;
  let cluster: TestCluster;

  beforeAll(async () => {
    authority = createAuthority(directory, "authority");
    stranger = createAuthority(directory, "stranger");
    const server = authority.issue({ name: "server" });
    client = authority.issue({ name: "client" });
    cluster = await startCluster({
      portBase: 21040,
      tls: {
        cert: server.certFile,
        key: server.keyFile,
        ca: authority.cert,
        clientCaFile: authority.certFile,
        own: client,
      },
    });
    await cluster.call("/v3/auth/role/add", { name: "reader" });
    const perm = { permType: "READ", key: toWire("/mine/"), range_end: prefixEnd("/mine/") };
    await cluster.call("/v3/auth/role/grant", { name: "reader", perm });
    for (const name of ["reader", "nobody"])
      await cluster.call("/v3/auth/user/add", { name, password: PASSWORD });
    await cluster.call("/v3/auth/user/grant", { user: "reader", role: "reader" });
  }, SLOW_MS);
  afterEach(() => {
    for (const store of opened.splice(0)) store.close();
  });
  afterAll(async () => {
    await cluster?.destroy();
    rmSync(directory, { recursive: true, force: true });
  }, SLOW_MS);

  function open(
    credentials: Partial<OpenRouteStoreOptions> = {},
    certificate: TestCertificate | null = client,
    ca = authority.cert,
  ): RouteStore {
    const own = certificate === null ? {} : { cert: certificate.cert, key: certificate.key };
    const store = openRouteStore({
      endpoints: cluster.endpoints,
      ...ROOT,
      tls: { ca, ...own },
      // Far beyond what a refusal takes: a refusal that waits for the deadline fails the test by its reason.
      deadlineMs: 20_000,
      ...credentials,
    });
    opened.push(store);
    return store;
  }

  test("password and certificate together read, write and watch, and stand the loss of a member", {
    timeout: SLOW_MS,
  }, async () => {
    const store = open();
    const record = recordWatch(store, "/tls/", { pollMs: 60_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    expect(await store.swap({ key: "/tls/a", value: "1" }, 0)).toMatchObject({ value: { swapped: true } });
    await until("the change", () => record.changes.length === 1);
    await cluster.members[0]?.kill();
    expect(await store.put({ key: "/tls/a", value: "2" })).toMatchObject({ ok: true });
    await until("the next change", () => record.changes.length === 2);
    expect(record.readings).toHaveLength(1);
    cluster.members[0]?.start();
  });

  test("no certificate where one is asked for is `tls-failed`, in words", async () => {
    const result = await open({}, null).range("/tls/a");
    expect(result).toMatchObject({ ok: false, reason: "tls-failed" });
    expect(result.ok || result.message).toMatch(/refused the client certificate: it is missing/);
  });

  test("a client certificate of another authority is `tls-failed`, in words", async () => {
    const result = await open({}, stranger.issue({ name: "foreign" })).range("/tls/a");
    expect(result).toMatchObject({ ok: false, reason: "tls-failed" });
    expect(result.ok || result.message).toMatch(
      /refused the client certificate.* run out or is of another authority/,
    );
  });

  test("a client certificate that ran out is `tls-failed`, in words", async () => {
    const result = await open({}, authority.issue({ name: "old-client", days: -1 })).range("/tls/a");
    expect(result).toMatchObject({ ok: false, reason: "tls-failed" });
    expect(result.ok || result.message).toMatch(
      /refused the client certificate.* run out or is of another authority/,
    );
  });

  test("the wrong authority for the server is `tls-failed`, in words", async () => {
    const result = await open({}, client, stranger.cert).range("/tls/a");
    expect(result).toMatchObject({ ok: false, reason: "tls-failed" });
    expect(result.ok || result.message).toMatch(/certificate/);
  });

  test("a client certificate with a CN, which the gateway refuses beside a token, is named", async () => {
    const named = authority.issue({ name: "named", subject: "/O=evenkeel test/CN=agent" });
    const result = await open({}, named).range("/tls/a");
    expect(result).toMatchObject({ ok: false, reason: "tls-failed" });
    expect(result.ok || result.message).toMatch(/certificate.*CN/);
  });

  test("a wrong password with a good certificate is `auth-failed` and quotes no secret", async () => {
    const result = await open({ password: "not-the-password" }).range("/tls/a");
    expect(result).toMatchObject({ ok: false, reason: "auth-failed" });
    expect(JSON.stringify(result)).not.toMatch(/not-the-password|PRIVATE KEY/);
  });

  test("a good certificate without a user is `auth-failed`", async () => {
    const store = openRouteStore({
      endpoints: cluster.endpoints,
      tls: { ca: authority.cert, cert: client.cert, key: client.key },
    });
    opened.push(store);
    expect(await store.range("/tls/a")).toMatchObject({ ok: false, reason: "auth-failed" });
  });

  test("a role for another prefix, and none at all, are `permission-denied`", async () => {
    const reader = open({ user: "reader", password: PASSWORD });
    expect(await reader.range("/mine/", { prefix: true })).toMatchObject({ ok: true });
    const nobody = open({ user: "nobody", password: PASSWORD });
    for (const result of [
      await reader.range("/tls/a"),
      await reader.put({ key: "/mine/a", value: "1" }),
      await nobody.range("/mine/", { prefix: true }),
    ]) {
      expect(result).toMatchObject({ ok: false, reason: "permission-denied" });
    }
  });
});

describe.skipIf(missing !== null)("etcd whose own certificate ran out", () => {
  test("is `tls-failed`, in words", { timeout: SLOW_MS }, async () => {
    const directory = mkdtempSync(join(tmpdir(), "evenkeel-tls-"));
    const authority = createAuthority(directory, "authority");
    const old = authority.issue({ name: "old-server", days: -1 });
    const tls = { cert: old.certFile, key: old.keyFile, ca: authority.cert, lenient: true };
    const cluster = await startCluster({ portBase: 21050, size: 1, auth: false, tls });
    const store = openRouteStore({
      endpoints: cluster.endpoints,
      tls: { ca: authority.cert },
      deadlineMs: 20_000,
    });
    try {
      const result = await store.range("/a");
      expect(result).toMatchObject({ ok: false, reason: "tls-failed" });
      expect(result.ok || result.message).toMatch(/expired/);
    } finally {
      store.close();
      await cluster.destroy();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
