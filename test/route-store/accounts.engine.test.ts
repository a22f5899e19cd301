import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type OpenRouteStoreOptions, openRouteStore } from "../../route-store/open-route-store.ts";
import type { StoreEvent } from "../../route-store/store-event.ts";
import { prefixEnd, toWire } from "../../route-store/wire-encoding.ts";
import { ROOT, startCluster, type TestCluster, until, whyNoEtcd } from "./etcd-cluster.ts";
import { recordWatch } from "./watch-record.ts";

const SLOW_MS = 60_000;
const TOKEN_TTL_S = 1;
const missing = whyNoEtcd();
if (missing !== null) console.warn(`skipped: ${missing}`);

let opened: RouteStore[] = [];
afterEach(() => {
  for (const store of opened) store.close();
  opened = [];
});

function open(cluster: TestCluster, options: Partial<OpenRouteStoreOptions> = {}): RouteStore {
  const store = openRouteStore({ endpoints: cluster.endpoints, ...ROOT, ...options });
  opened.push(store);
  return store;
}

async function addReader(cluster: TestCluster, user: string, prefix: string): Promise<void> {
  await cluster.call("/v3/auth/role/add", { name: user });
  await cluster.call("/v3/auth/role/grant", {
    name: user,
    perm: { permType: "READ", key: toWire(prefix), range_end: prefixEnd(prefix) },
  });
  await cluster.call("/v3/auth/user/add", { name: user, password: "reader-secret" });
  await cluster.call("/v3/auth/user/grant", { user, role: user });
}

describe.skipIf(missing !== null)("users, roles and tokens of etcd", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ portBase: 22340, size: 1, tokenTtlS: TOKEN_TTL_S });
    await addReader(cluster, "reader", "/mine/");
  }, SLOW_MS);
  afterAll(() => cluster?.destroy(), SLOW_MS);

  test("a token that expired is replaced: calls go on, and so does a watch that lost its connection", {
    timeout: SLOW_MS,
  }, async () => {
    const logins: StoreEvent[] = [];
    const store = open(cluster, {
      onEvent: (event) => void (event.type === "logged-in" && logins.push(event)),
    });
    const record = recordWatch(store, "/expiry/", { pollMs: 60_000 });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    const outside = open(cluster);
    await until("the token has expired", async () => {
      // A restart would drop all tokens; here only time does, and any use of it would renew the token.
      await new Promise((resolve) => setTimeout(resolve, 2500 * TOKEN_TTL_S));
      await outside.put({ key: "/expiry/a", value: "1" });
      return (await store.range("/expiry/a")).ok && logins.length >= 2;
    });
    await until("the change came", () => record.changes.length >= 1);
    const member = cluster.members[0];
    await member?.kill();
    await until("the loss is told", () => record.connections.at(-1)?.connected === false);
    member?.start();
    await until("it stands again", () => record.connections.at(-1)?.connected === true);
    const before = record.changes.length;
    await until("a write", async () => (await outside.put({ key: "/expiry/a", value: "2" })).ok);
    await until("the change came", () => record.changes.length > before);
    expect(record.readings).toHaveLength(1);
  });

  test("a wrong password is `auth-failed`, in a sentence without the password", async () => {
    const result = await open(cluster, { password: "not-the-password" }).range("/x");
    expect(result).toMatchObject({ ok: false, reason: "auth-failed" });
    expect(result.ok || result.message).toMatch(/127\.0\.0\.1:\d+: etcd refused the user or the password/);
    expect(JSON.stringify(result)).not.toContain("not-the-password");
  });

  test("no user where etcd asks for one is `auth-failed` as well", async () => {
    const anonymous = openRouteStore({ endpoints: cluster.endpoints });
    opened.push(anonymous);
    expect(await anonymous.range("/x")).toMatchObject({ ok: false, reason: "auth-failed" });
  });

  test("a missing role is `permission-denied` for reading, writing, swapping and watching", async () => {
    const reader = open(cluster, { user: "reader", password: "reader-secret" });
    expect(await reader.range("/mine/", { prefix: true })).toMatchObject({ ok: true });
    const refused = [
      await reader.range("/theirs/", { prefix: true }),
      await reader.put({ key: "/mine/a", value: "x" }),
      await reader.swap({ key: "/mine/a", value: "x" }, 0),
    ];
    for (const result of refused) expect(result).toMatchObject({ ok: false, reason: "permission-denied" });
    const record = recordWatch(reader, "/theirs/");
    await until("the refusal is told", () => record.connections.length === 1);
    expect(record.connections[0]?.failure?.reason).toBe("permission-denied");
  });

  test("a user without a role for the beats still watches its own prefix", { timeout: SLOW_MS }, async () => {
    const reader = open(cluster, { user: "reader", password: "reader-secret" });
    const record = recordWatch(reader, "/mine/", { beatPrefix: "/beats/" });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    await open(cluster).put({ key: "/mine/a", value: "seen" });
    await until("the change", () => record.changes.length === 1);
  });
});

function makeCertificate(directory: string): string | null {
  const subject = ["-subj", "/O=evenkeel test", "-addext", "subjectAltName=IP:127.0.0.1"];
  try {
    execFileSync(
      "openssl",
      [
        ...[
          "req",
          "-x509",
          "-newkey",
          "ec",
          "-pkeyopt",
          "ec_paramgen_curve:prime256v1",
          "-nodes",
          "-days",
          "2",
        ],
        ...subject,
        ...["-keyout", join(directory, "key.pem"), "-out", join(directory, "cert.pem")],
      ],
      { stdio: "ignore" },
    );
    return readFileSync(join(directory, "cert.pem"), "utf8");
  } catch {
    return null;
  }
}

describe.skipIf(missing !== null)("TLS", () => {
  const directory = mkdtempSync(join(tmpdir(), "evenkeel-tls-"));
  const certificate = makeCertificate(directory);
  if (certificate === null) console.warn("skipped: openssl is not on PATH");
  let cluster: TestCluster;
  beforeAll(async () => {
    if (certificate === null) return;
    cluster = await startCluster({
      portBase: 22345,
      size: 1,
      auth: false,
      tls: { cert: join(directory, "cert.pem"), key: join(directory, "key.pem"), ca: certificate },
    });
  }, SLOW_MS);
  afterAll(async () => {
    await cluster?.destroy();
    rmSync(directory, { recursive: true, force: true });
  }, SLOW_MS);

  test.skipIf(certificate === null)(
    "a certificate that we trust is used for calls and watches",
    { timeout: SLOW_MS },
    async () => {
      const store = openRouteStore({ endpoints: cluster.endpoints, tls: { ca: certificate ?? "" } });
      opened.push(store);
      const record = recordWatch(store, "/tls/");
      await until("the watch stands", () => record.connections.at(-1)?.connected === true);
      expect(await store.put({ key: "/tls/a", value: "1" })).toMatchObject({ ok: true });
      await until("the change", () => record.changes.length === 1);
    },
  );

  test.skipIf(certificate === null)("an unknown authority and a wrong name are `tls-failed`", async () => {
    const strangers = [
      { endpoints: cluster.endpoints, tls: {} },
      {
        endpoints: cluster.endpoints,
        tls: { ca: certificate ?? "", serverName: "etcd.example" },
      },
    ];
    for (const options of strangers) {
      const store = openRouteStore({ ...options, deadlineMs: 20_000 });
      opened.push(store);
      expect(await store.range("/tls/a")).toMatchObject({ ok: false, reason: "tls-failed" });
    }
  });
});
