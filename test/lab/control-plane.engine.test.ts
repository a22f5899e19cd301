import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LiveView } from "@evenkeel/contracts/live";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ControlPlaneCommand, prepareControlPlane, waitUntilReady } from "../../lab/control-plane.ts";

const SETUP_TOKEN = "set-up-token-of-the-launcher-test";
const OWNER = { name: "ada", password: "a long enough password" };

let stateDir: string;
let url: string;
let prepared: ControlPlaneCommand;
let running: ChildProcess;
let token: string;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function start(): Promise<void> {
  running = spawn(prepared.command, [...prepared.args], { cwd: prepared.cwd, stdio: "ignore" });
  if (!(await waitUntilReady(url))) throw new Error("the control plane did not become ready");
}

/** Ends it as a power cut would. */
async function kill(): Promise<void> {
  const ended = new Promise((resolve) => running.once("exit", resolve));
  running.kill("SIGKILL");
  await ended;
}

async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  return fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function create(path: string, body: unknown): Promise<string> {
  const response = await send("POST", path, body);
  return z.object({ id: z.string() }).parse(await response.json()).id;
}

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "evenkeel-launcher-"));
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  prepared = await prepareControlPlane({ stateDir, port, vars: { EVENKEEL_SETUP_TOKEN: SETUP_TOKEN } });
  await start();
});

afterAll(async () => {
  await kill();
  await rm(stateDir, { recursive: true, force: true });
});

describe("a stand-alone control plane", () => {
  it("keeps its variables in a file that only its owner can read", async () => {
    const path = join(stateDir, "wrangler.json");
    expect((await stat(path)).mode & 0o077).toBe(0);
    expect(await readFile(path, "utf8")).toContain(SETUP_TOKEN);
    expect(prepared.args.join(" ")).not.toContain(SETUP_TOKEN);
  });

  it("loses nothing when it is killed: sessions, tokens, catalogue, plan and the Instance's events", async () => {
    const setup = await send("POST", "/setup", { token: SETUP_TOKEN, ...OWNER });
    expect(setup.status).toBe(201);
    const cookie = setup.headers.get("set-cookie")?.split(";")[0] ?? "";
    const made = await send("POST", "/tokens", { name: "test", role: "owner" }, { cookie, origin: url });
    token = z.object({ token: z.string() }).parse(await made.json()).token;
    const namespaceId = await create("/namespaces", {
      name: "n",
      primary: { name: "a" },
      standby: { name: "b" },
    });
    const instance = `/instances/${await create("/instances", { namespaceId, name: "i" })}`;
    await create(`${instance}/sites`, { name: "dc1", kind: "data" });
    await send("PATCH", `${instance}/settings`, { arbitration: { mode: "hold" } });
    const before = LiveView.parse(await (await send("GET", `${instance}/live`)).json());
    expect(before.events.map(({ type }) => type)).toContain("mode-changed");

    await kill();
    await start();

    const after = LiveView.parse(await (await send("GET", `${instance}/live`)).json());
    expect({ ...after, atMs: 0 }).toEqual({ ...before, atMs: 0 });
    expect((await send("GET", "/namespaces")).status).toBe(200);
    expect((await send("POST", "/setup", { token: SETUP_TOKEN, ...OWNER })).status).toBe(409);
    const who = await fetch(`${url}/api/v1/session`, { headers: { cookie } });
    expect(await who.json()).toMatchObject({ name: "ada", role: "owner" });
  });

  it("starts again from a directory that was prepared anew, as after an update", async () => {
    await kill();
    const port = Number(new URL(url).port);
    prepared = await prepareControlPlane({ stateDir, port, vars: { EVENKEEL_SETUP_TOKEN: SETUP_TOKEN } });
    await start();
    expect((await send("GET", "/namespaces")).status).toBe(200);
  });
});
