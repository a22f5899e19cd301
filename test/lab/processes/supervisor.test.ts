import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { boundLog } from "@evenkeel/lab/processes/log-file";
import { acceptsConnections, LAB_HOST } from "@evenkeel/lab/processes/ports";
import type { ProcessEvent, ProcessSpec } from "@evenkeel/lab/processes/process-spec";
import { collectTree, findProcess, readProcessTable } from "@evenkeel/lab/processes/process-table";
import { endRegistered, writeLabRecord } from "@evenkeel/lab/processes/registry";
import { createSupervisor, type Supervisor } from "@evenkeel/lab/processes/supervisor";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { eventually } from "../../eventually.ts";

const LAB = new URL("./supervised-lab.ts", import.meta.url).pathname;
const SLOW_MS = 20_000;

const startedSchema = z.object({ parent: z.int(), child: z.int(), ended: z.int() });

let stateDir: string;
let spawned: ChildProcess[];
let supervisors: Supervisor[];

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "evenkeel-supervisor-"));
  spawned = [];
  supervisors = [];
});

afterEach(async () => {
  for (const child of spawned) child.kill("SIGKILL");
  await Promise.all(supervisors.map((supervisor) => supervisor.end()));
  rmSync(stateDir, { recursive: true, force: true });
});

/** Starts the miniature lab as a process of its own; resolves when its processes run. */
async function startLab(...options: string[]) {
  const lab = spawn(process.execPath, [LAB, stateDir, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  spawned.push(lab);
  const lines = createInterface({ input: lab.stdout });
  const line = await new Promise<string>((resolve) => lines.once("line", resolve));
  return { lab, line };
}

async function supervise(): Promise<Supervisor> {
  const made = await createSupervisor(stateDir);
  if (!made.ok) throw new Error(made.message);
  supervisors.push(made.supervisor);
  return made.supervisor;
}

/** A process of nothing but a script for Node. */
function script(name: string, code: string, more: Partial<ProcessSpec> = {}): ProcessSpec {
  return { name, role: "application", command: process.execPath, args: ["-e", code], ports: [], ...more };
}

const IDLE = "setInterval(() => undefined, 1e6)";

async function untilGone(...pids: number[]): Promise<void> {
  await eventually(() => expect(pids.filter((pid) => findProcess(pid) !== undefined)).toEqual([]), {
    timeout: SLOW_MS,
    interval: 20,
  });
}

test.each([[[]], [["--stop"]]])(
  "SIGKILL of the lab leaves no orphan, not even in another session (%j)",
  async (options) => {
    const { lab, line } = await startLab(...options);
    const { parent, child } = startedSchema.parse(JSON.parse(line));
    expect([findProcess(parent), findProcess(child)]).not.toContain(undefined);
    lab.kill("SIGKILL");
    await untilGone(parent, child);
  },
  SLOW_MS,
);

test(
  "what a lab and its reaper left behind is ended by the next start in that directory",
  async () => {
    const { lab, line } = await startLab();
    const { parent, child } = startedSchema.parse(JSON.parse(line));
    const reaper = readProcessTable().find((row) => row.parentPid === lab.pid && row.pid !== parent);
    // A stopped reaper stands for one that died in the same moment: it ends nothing.
    process.kill(reaper?.pid ?? 0, "SIGSTOP");
    lab.kill("SIGKILL");
    await untilGone(lab.pid ?? 0);
    expect([findProcess(parent), findProcess(child)]).not.toContain(undefined);

    const next = await startLab();
    expect(startedSchema.parse(JSON.parse(next.line)).ended).toBe(2);
    await untilGone(parent, child);
    process.kill(reaper?.pid ?? 0, "SIGKILL");
  },
  SLOW_MS,
);

test(
  "a reaper that was killed is replaced and still ends everything",
  async () => {
    const { lab, line } = await startLab();
    const { parent, child } = startedSchema.parse(JSON.parse(line));
    const findReaper = () =>
      readProcessTable().find((row) => row.parentPid === lab.pid && row.pid !== parent);
    const first = findReaper();
    process.kill(first?.pid ?? 0, "SIGKILL");
    await eventually(() => {
      const second = findReaper();
      expect(second).toBeDefined();
      expect(second?.pid).not.toBe(first?.pid);
    });
    lab.kill("SIGKILL");
    await untilGone(parent, child);
  },
  SLOW_MS,
);

test(
  "a second lab in the same directory is refused and harms nothing",
  async () => {
    const { line } = await startLab();
    const { parent } = startedSchema.parse(JSON.parse(line));
    const second = await createSupervisor(stateDir);
    expect(second).toMatchObject({ ok: false, reason: "already-running" });
    expect(findProcess(parent)).toBeDefined();
  },
  SLOW_MS,
);

test("a recorded pid that now belongs to another process is left alone", async () => {
  const bystander = spawn(process.execPath, ["-e", IDLE]);
  spawned.push(bystander);
  const root = { pid: bystander.pid ?? 0, startedAt: "another start" };
  writeLabRecord(join(stateDir, "running.json"), {
    lab: root,
    processes: [{ name: "old", root, frozen: [root] }],
  });
  await supervise();
  expect(endRegistered([{ name: "old", root, frozen: [root] }])).toEqual([]);
  expect(findProcess(root.pid)).toBeDefined();
});

test("a tree holds the descendants of the very process, not of an earlier one with its pid", () => {
  const row = (pid: number, parentPid: number) => ({ pid, parentPid, startedAt: `s${pid}`, ended: false });
  const table = [row(1, 0), row(10, 1), row(11, 10), row(12, 11), row(20, 1)];
  expect(collectTree({ pid: 10, startedAt: "s10" }, table).map(({ pid }) => pid)).toEqual([10, 11, 12]);
  expect(collectTree({ pid: 10, startedAt: "earlier" }, table)).toEqual([]);
});

test("a stopped process is told apart, goes on, is killed and comes back", async () => {
  const supervisor = await supervise();
  const events: ProcessEvent[] = [];
  supervisor.onEvent((event) => events.push(event));
  const started = await supervisor.spawnProcess(script("shop", IDLE, { site: "dc1" }));
  if (!started.ok) throw new Error(started.message);
  const shop = started.process;
  const statusOf = (): string => {
    const state = shop.state();
    return "pid" in state
      ? (/State:\t(.)/.exec(readFileSync(`/proc/${state.pid}/status`, "utf8"))?.[1] ?? "")
      : "gone";
  };
  shop.stop();
  await eventually(() => expect(statusOf()).toBe("T"));
  shop.cont();
  await eventually(() => expect(statusOf()).toBe("S"));
  shop.stop();
  await shop.kill();
  expect(shop.state()).toMatchObject({ kind: "exited", reason: "signal SIGKILL", byUs: true });
  expect(await shop.revive()).toEqual({ ok: true });
  expect(events.map((event) => event.state.kind)).toEqual([
    ...["starting", "running", "stopped", "running", "stopped", "exited"],
    ...["starting", "running"],
  ]);
  expect(supervisor.ofSite("dc1")).toEqual([shop]);
  expect(supervisor.ofSite("dc2")).toEqual([]);
});

test("an exit that nobody asked for says so", async () => {
  const supervisor = await supervise();
  const exited = new Promise<ProcessEvent>((resolve) => {
    supervisor.onEvent((event) => (event.state.kind === "exited" ? resolve(event) : undefined));
  });
  const started = await supervisor.spawnProcess(script("shop", "setTimeout(() => process.exit(4), 200)"));
  expect(started.ok).toBe(true);
  expect((await exited).state).toEqual({ kind: "exited", reason: "exit code 4", byUs: false });
});

test(
  "end ends a stopped process, and one that does not listen to SIGTERM, users before what they use",
  async () => {
    const supervisor = await supervise();
    const order: string[] = [];
    supervisor.onEvent((event) => (event.state.kind === "exited" ? order.push(event.name) : undefined));
    let listening = false;
    const deaf = script("agent", `process.on("SIGTERM", () => undefined); console.log("deaf"); ${IDLE}`, {
      role: "agent",
      endGraceMs: 100,
      onLine: () => {
        listening = true;
      },
      isReady: async () => listening,
    });
    const started = await Promise.all([
      supervisor.spawnProcess(script("database", IDLE, { role: "database" })),
      supervisor.spawnProcess(script("shop", IDLE)),
      supervisor.spawnProcess(deaf),
    ]);
    for (const result of started) if (result.ok) result.process.stop();
    await supervisor.end();
    expect(order).toEqual(["shop", "agent", "database"]);
    expect(started.map((result) => (result.ok ? result.process.state() : result))).toMatchObject([
      { kind: "exited", reason: "signal SIGTERM" },
      { kind: "exited", reason: "signal SIGTERM" },
      { kind: "exited", reason: "signal SIGKILL" },
    ]);
    await expect(supervisor.spawnProcess(script("late", IDLE))).rejects.toThrow("The lab is ending");
  },
  SLOW_MS,
);

test("a process whose port is taken does not start and says who wants the port", async () => {
  const supervisor = await supervise();
  const server = createServer().listen({ host: LAB_HOST, port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const result = await supervisor.spawnProcess(
    script("redis", IDLE, { ports: [{ port, wantedBy: "Redis in dc1" }] }),
  );
  server.close();
  expect(result).toMatchObject({ ok: false, reason: "port-taken" });
  expect(result.ok ? "" : result.message).toContain(`Port ${port} is taken, and Redis in dc1 wants it`);
  expect(supervisor.processes()).toEqual([]);
});

test("a start that fails shows the end of the log", async () => {
  const supervisor = await supervise();
  const dies = await supervisor.spawnProcess(
    script("dies", `console.error("no such table"); process.exit(2)`, { isReady: async () => false }),
  );
  expect(dies).toMatchObject({ ok: false, reason: "exited" });
  expect(dies.ok ? "" : dies.message).toMatch(/exit code 2[\s\S]*no such table/);

  const mute = await supervisor.spawnProcess(
    script("mute", IDLE, {
      readyWithinMs: 50,
      isReady: async () => {
        throw new Error("it answers 503");
      },
    }),
  );
  expect(mute).toMatchObject({ ok: false, reason: "not-ready" });
  expect(mute.ok ? "" : mute.message).toContain("it answers 503");

  const absent = await supervisor.spawnProcess(script("absent", IDLE, { command: "/no/such/program" }));
  expect(absent).toMatchObject({ ok: false, reason: "not-found" });
});

test("a process is ready only when it says so", async () => {
  const supervisor = await supervise();
  const ports = createServer().listen({ host: LAB_HOST, port: 0 });
  await new Promise((resolve) => ports.once("listening", resolve));
  const address = ports.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await new Promise((resolve) => ports.close(resolve));
  const listens = `setTimeout(() => require("node:net").createServer().listen(${port}, "${LAB_HOST}"), 150)`;
  const result = await supervisor.spawnProcess(
    script("server", listens, { isReady: async () => await acceptsConnections(port) }),
  );
  expect(result.ok).toBe(true);
  expect(await acceptsConnections(port)).toBe(true);
});

test("lines of output reach the lab and the log", async () => {
  const supervisor = await supervise();
  const lines: string[] = [];
  const started = await supervisor.spawnProcess(
    script("shop", `console.log("one"); console.log("two"); ${IDLE}`, { onLine: (line) => lines.push(line) }),
  );
  if (!started.ok) throw new Error(started.message);
  await eventually(() => expect(lines).toEqual(["one", "two"]));
  expect(readFileSync(started.process.logFile, "utf8")).toBe("one\ntwo\n");
});

test(
  "a log that grew too large is set aside while the process goes on writing",
  async () => {
    const supervisor = await supervise();
    const chatty = `setInterval(() => console.log("x".repeat(1000)), 1)`;
    const started = await supervisor.spawnProcess(script("chatty", chatty));
    if (!started.ok) throw new Error(started.message);
    const { logFile } = started.process;
    await eventually(() => expect(statSync(logFile).size).toBeGreaterThan(50_000), { timeout: SLOW_MS });
    started.process.stop();
    boundLog(logFile, 50_000);
    expect(statSync(`${logFile}.1`).size).toBeGreaterThan(50_000);
    expect(statSync(logFile).size).toBe(0);
    started.process.cont();
    // What is written next stands at the beginning, not behind a hole as long as the old text.
    await eventually(() => expect(readFileSync(logFile, "utf8")).toMatch(/^x{1000}\n/));
  },
  SLOW_MS,
);
