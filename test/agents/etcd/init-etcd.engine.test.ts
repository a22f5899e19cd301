import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreUpdate } from "@evenkeel/contracts/api-stores";
import { processKey, processPrefix } from "@evenkeel/contracts/process";
import { applicationPrefix, type Beat, beatPrefix, type Route, routeKey } from "@evenkeel/contracts/route";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type OpenRouteStoreOptions, openRouteStore } from "../../../route-store/open-route-store.ts";
import { borrowFollower } from "../../../sdk/route/shared-followers.ts";
import { until, whyNoEtcd } from "../../route-store/etcd-cluster.ts";
import { recordWatch } from "../../route-store/watch-record.ts";

const SLOW_MS = 100_000;
const PORTS = [21080, 21082, 21084];
const ENDPOINTS = PORTS.map((port) => `https://127.0.0.1:${port}`);
const INSTANCE = "ins_test01";
const missing = whyNoEtcd();
if (missing !== null) console.warn(`skipped: ${missing}`);

interface Run {
  readonly code: number;
  readonly lines: readonly string[];
  readonly error: string;
}

describe.skipIf(missing !== null)("evenkeel-agent etcd init", () => {
  const root = mkdtempSync(join(tmpdir(), "evenkeel-init-"));
  const directory = join(root, "kept");
  const members: ChildProcess[] = [];
  const opened: RouteStore[] = [];
  const init = (...more: string[]) => run(["--dir", directory, "--endpoints", ENDPOINTS.join(","), ...more]);
  const setUp = (...more: string[]) => init("--instance", INSTANCE, "--application", "app_shop", ...more);
  const kept = (name: string) => readFileSync(join(directory, name), "utf8");
  /** Every file with its text and time of writing: what a run that changes nothing leaves alone. */
  const picture = () =>
    readdirSync(directory).map((name) => [name, kept(name), statSync(join(directory, name)).mtimeMs]);

  function run(args: readonly string[]): Promise<Run> {
    const script = join(import.meta.dirname, "../../../agents/main.ts");
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [script, "etcd", "init", ...args],
        { timeout: SLOW_MS },
        (error, out, err) => {
          const code = error === null ? 0 : Number(error.code);
          resolve({ code, lines: out.split("\n").filter((line) => line !== ""), error: err.trim() });
        },
      );
    });
  }
  function open(user: string, more: Partial<OpenRouteStoreOptions> = {}): RouteStore {
    const tls = { ca: kept("ca.pem"), cert: kept("client.pem"), key: kept("client.key") };
    const password = kept(`${user}.password`).trim();
    const store = openRouteStore({ endpoints: ENDPOINTS, user, password, tls, deadlineMs: 20_000, ...more });
    opened.push(store);
    return store;
  }

  let first: Run;
  let second: Run;
  beforeAll(async () => {
    if (missing !== null) return;
    first = await setUp();
    for (const line of first.lines.filter((one) => one.startsWith("etcd "))) {
      const [, ...flags] = line.replace("/var/lib/etcd/", `${root}/`).split(" ");
      const env = { ...process.env, ETCD_UNSUPPORTED_ARCH: "arm64" };
      // A machine busy with other tests is no place for quick elections.
      const own = ["--election-timeout", "2000", "--log-level", "fatal"];
      members.push(spawn("etcd", [...flags, ...own], { stdio: "ignore", env }));
    }
    await until(
      "the set-up is complete",
      async () => {
        second = await setUp();
        return second.code === 0;
      },
      SLOW_MS / 2,
    );
  }, SLOW_MS);
  afterEach(() => {
    for (const store of opened.splice(0)) store.close();
  });
  afterAll(async () => {
    for (const member of members) {
      const gone = new Promise((resolve) => member.once("exit", resolve));
      member.kill("SIGKILL");
      await gone;
    }
    rmSync(root, { recursive: true, force: true });
  }, SLOW_MS);

  test("before the members run it makes the certificates and says how to start them", () => {
    expect(first.code).toBe(3);
    const lines = first.lines.filter((line) => line.startsWith("etcd "));
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toContain("--heartbeat-interval=100 --election-timeout=500");
    expect(first.lines.at(-1)).toMatch(
      /^no member answers yet \(.*ECONNREFUSED.*\): start them so, then run this again$/,
    );
    expect(first.error).toBe("");
  });

  test("then it makes users and roles, and turns authentication on", async () => {
    expect(second.lines).toContain("added the user evenkeel-sdk-app_shop");
    expect(second.lines).toContain("authentication is on");
    const nobody = openRouteStore({ endpoints: ENDPOINTS, tls: { ca: kept("ca.pem") }, deadlineMs: 20_000 });
    opened.push(nobody);
    expect(await nobody.range("/evenkeel")).toMatchObject({ ok: false, reason: "tls-failed" });
    const stranger = open("root", { user: "root", password: "" });
    expect(await stranger.range("/evenkeel")).toMatchObject({ ok: false, reason: "auth-failed" });
  });

  test("no secret is printed, and files are for their owner only", () => {
    const printed = [...first.lines, ...second.lines].join("\n");
    for (const name of readdirSync(directory)) {
      expect(statSync(join(directory, name)).mode & 0o777, name).toBe(0o600);
      if (name.endsWith(".password")) expect(printed).not.toContain(kept(name).trim());
    }
    expect(printed).not.toContain("PRIVATE KEY");
  });

  test("what it wrote for the console is what the API takes, and lets agents write their own prefix only", async () => {
    const { endpoints, user, password, caPem, clientCertPem, clientKeyPem } = StoreUpdate.parse(
      JSON.parse(kept("store.json")),
    );
    if (user === null || caPem === null || clientCertPem === null || !password || !clientKeyPem)
      throw new Error("store.json is not complete");
    const tls = { ca: caPem, cert: clientCertPem, key: clientKeyPem };
    const agent = openRouteStore({ endpoints, user, password, tls, deadlineMs: 20_000 });
    opened.push(agent);
    const key = routeKey(INSTANCE, "app_shop", "mon_1");
    expect(await agent.put({ key, value: "1" })).toMatchObject({ ok: true });
    expect(await agent.range(key)).toMatchObject({ value: { entries: [{ value: "1" }] } });
    for (const foreign of ["/evenkeel/v1/ins_other/", "/mas-monitor/status/"]) {
      const refused = await agent.put({ key: `${foreign}x`, value: "1" });
      expect(refused).toMatchObject({ ok: false, reason: "permission-denied" });
    }
  });

  test("the SDK's part is what an application needs to follow its routes, and nothing more", async () => {
    const from = second.lines.indexOf("etcd:");
    const { etcd } = parse(second.lines.slice(from).join("\n"));
    const tls = {
      ca: readFileSync(etcd.certificatePath, "utf8"),
      cert: readFileSync(etcd.clientCertificatePath, "utf8"),
      key: readFileSync(etcd.clientKeyPath, "utf8"),
    };
    const password = kept("evenkeel-sdk-app_shop.password").trim();
    const endpoints = etcd.address.split(",");
    const sdk = openRouteStore({ endpoints, user: etcd.username, password, tls, deadlineMs: 20_000 });
    opened.push(sdk);
    const own = applicationPrefix(INSTANCE, "app_shop");
    const record = recordWatch(sdk, own, { beatPrefix: beatPrefix(INSTANCE) });
    await until("the watch stands", () => record.connections.at(-1)?.connected === true);
    const agent = open(`evenkeel-agent-${INSTANCE}`);
    await agent.put({ key: routeKey(INSTANCE, "app_shop", "mon_2"), value: "seen" });
    await until("the change", () => record.changes.some((change) => change.value === "seen"));
    for (const refused of [
      await sdk.range(applicationPrefix(INSTANCE, "app_other"), { prefix: true }),
      await sdk.range(applicationPrefix(INSTANCE, "app_shop2"), { prefix: true }),
      await sdk.range(`/evenkeel/v1/${INSTANCE}/`, { prefix: true }),
      await sdk.put({ key: routeKey(INSTANCE, "app_shop", "mon_2"), value: "mine" }),
      await sdk.swap({ key: routeKey(INSTANCE, "app_shop", "mon_2"), value: "mine" }, 0),
      await sdk.put({ key: `${beatPrefix(INSTANCE)}s1`, value: "mine" }),
      await sdk.put({ key: processKey(INSTANCE, "app_other", "p1"), value: "mine" }),
    ]) {
      expect(refused).toMatchObject({ ok: false, reason: "permission-denied" });
    }
    const granted = await sdk.grantLease(60);
    const lease = granted.ok ? granted.value.lease : "";
    const registration = { key: processKey(INSTANCE, "app_shop", "p1"), value: "here", lease };
    expect(await sdk.put(registration)).toMatchObject({ ok: true });
    expect(await sdk.renewLease(lease)).toEqual({ ok: true, value: { alive: true } });
    expect(await sdk.revokeLease(lease)).toEqual({ ok: true, value: null });
    expect(await sdk.range(registration.key)).toMatchObject({ ok: true, value: { entries: [] } });
  });

  test("an SDK started with that part follows its own application, confirmed by the beats, and no other", {
    timeout: SLOW_MS,
  }, async () => {
    const part = parse(second.lines.slice(second.lines.indexOf("etcd:")).join("\n"));
    const agent = open(`evenkeel-agent-${INSTANCE}`);
    const beat: Beat = { v: 1, confirmedBy: "edge", count: 0 };
    await agent.put({ key: `${beatPrefix(INSTANCE)}s1`, value: JSON.stringify(beat) });
    const route: Route = {
      ...{ v: 1, epoch: 1, decision: "dec_1", after: null, active: "dc1", phase: "stable" },
      ...{ dataCentres: {}, reason: "", decidedBy: "ARB-26", decidedAt: "" },
    };
    for (const application of ["app_shop", "app_other"])
      await agent.put({ key: routeKey(INSTANCE, application, "mon_sdk"), value: JSON.stringify(route) });
    const follow = (appId: string) => {
      const config = SdkConfig.parse({
        props: { version: "v1", instanceId: INSTANCE, appId, monitorId: "mon_sdk" },
        etcd: { ...part.etcd, password: kept("evenkeel-sdk-app_shop.password").trim() },
        sources: { dc1: { host: "127.0.0.1", port: 1 } },
        router: { active: "dc1", algorithm: "single-read-write" },
      });
      // Beyond the time of the test for the one that is confirmed; the other one has nothing to wait for.
      const startHoldMs = appId === "app_shop" ? 10 * SLOW_MS : 1;
      return borrowFollower(config, { snapshotFile: false, startHoldMs, storeDeadlineMs: 20_000 });
    };
    const own = follow("app_shop");
    const other = follow("app_other");
    const complaints: string[] = [];
    other.follower.subscribe({
      ...{ onRoute: () => undefined, onFork: () => undefined, onProblem: () => undefined },
      onConnected: (_connected, message) => void complaints.push(message),
    });
    try {
      expect(await own.follower.ready).toBe("store");
      expect(own.follower.routeOf("mon_sdk")).toEqual(route);
      await until("the refusal is told", () => complaints.length > 0);
      expect(complaints).toEqual([expect.stringMatching(/permission denied/)]);
      expect(other.follower.routeOf("mon_sdk")).toBeNull();
    } finally {
      await Promise.all([own.release(), other.release()]);
    }
  });

  test("a second time it changes nothing", { timeout: SLOW_MS }, async () => {
    const before = picture();
    const again = await setUp();
    expect(again.code).toBe(0);
    expect(again.lines.filter((line) => /^(issued|added|granted|wrote|authentication)/.test(line))).toEqual(
      [],
    );
    expect(picture()).toEqual(before);
  });

  test("an application that comes later, and the mirror, are added to what is there", {
    timeout: SLOW_MS,
  }, async () => {
    const more = await setUp("--application", "app_late", "--mas-mirror");
    expect(more.lines.filter((line) => /^(issued|added|granted|wrote)/.test(line))).toEqual([
      `granted READWRITE on /mas-monitor/ to evenkeel-agent-${INSTANCE}`,
      ...["status/db", "status/dcs", "conf/db", "conf/dcs"].map(
        (path) => `granted READ on /mas-monitor/${path}/services/app_shop/ to evenkeel-sdk-app_shop`,
      ),
      "added the role evenkeel-sdk-app_late",
      `granted READ on ${applicationPrefix(INSTANCE, "app_late")} to evenkeel-sdk-app_late`,
      `granted READWRITE on ${processPrefix(INSTANCE, "app_late")} to evenkeel-sdk-app_late`,
      `granted READ on ${beatPrefix(INSTANCE)} to evenkeel-sdk-app_late`,
      ...["status/db", "status/dcs", "conf/db", "conf/dcs"].map(
        (path) => `granted READ on /mas-monitor/${path}/services/app_late/ to evenkeel-sdk-app_late`,
      ),
      "added the user evenkeel-sdk-app_late",
      `wrote ${join(directory, "store.json")}`,
    ]);
    const late = open("evenkeel-sdk-app_late");
    expect(await late.range(applicationPrefix(INSTANCE, "app_late"), { prefix: true })).toMatchObject({
      ok: true,
    });
  });

  test("a run that broke off between file and cluster is gone on with", { timeout: SLOW_MS }, async () => {
    writeFileSync(join(directory, "evenkeel-sdk-app_half.password"), "known-before-the-user\n", {
      mode: 0o600,
    });
    const resumed = await setUp("--application", "app_half");
    expect(resumed.code).toBe(0);
    expect(kept("evenkeel-sdk-app_half.password")).toBe("known-before-the-user\n");
    const half = open("evenkeel-sdk-app_half");
    expect(await half.range(applicationPrefix(INSTANCE, "app_half"), { prefix: true })).toMatchObject({
      ok: true,
    });
  });

  test.each([
    ["root.password", null, /^authentication is on already: put root's password into .*root\.password$/],
    ["root.password", "wrong\n", /root\.password is not root's password \(127\.0\.0\.1:\d+: etcd refused/],
    [
      "evenkeel-sdk-app_shop.password",
      null,
      /^the user evenkeel-sdk-app_shop exists already: put its password/,
    ],
    ["evenkeel-sdk-app_shop.password", "wrong\n", /is not the password of evenkeel-sdk-app_shop \(/],
  ])("says in one line what is wrong with %s (%j)", { timeout: SLOW_MS }, async (name, text, words) => {
    const before = kept(name);
    if (text === null) rmSync(join(directory, name));
    else writeFileSync(join(directory, name), text);
    const failed = await setUp();
    writeFileSync(join(directory, name), before, { mode: 0o600 });
    expect(failed.code).toBe(1);
    expect(failed.error).toMatch(words);
    expect(failed.error).not.toContain("\n");
  });
});
