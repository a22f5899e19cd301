import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gateProcess } from "@evenkeel/lab/processes/gate-process";
import { LAB_HOST } from "@evenkeel/lab/processes/ports";
import type { ManagedProcess } from "@evenkeel/lab/processes/process-spec";
import { createSupervisor, type Supervisor } from "@evenkeel/lab/processes/supervisor";
import { afterEach, beforeEach, expect, test } from "vitest";

let stateDir: string;
let supervisor: Supervisor;
let server: Server;
let gate: ManagedProcess;
let gatePort: number;
let sockets: Socket[];

function portOf(listening: Server): number {
  const address = listening.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function listen(made: Server): Promise<Server> {
  await new Promise<void>((resolve) => made.listen({ host: LAB_HOST, port: 0 }, resolve));
  return made;
}

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "evenkeel-gate-"));
  sockets = [];
  server = await listen(createServer((socket) => socket.on("error", () => socket.destroy()).pipe(socket)));
  const spare = await listen(createServer());
  gatePort = portOf(spare);
  await new Promise((resolve) => spare.close(resolve));
  const made = await createSupervisor(stateDir);
  if (!made.ok) throw new Error(made.message);
  supervisor = made.supervisor;
  const started = await supervisor.spawnProcess(
    gateProcess({ name: "gate", site: "dc1", listen: gatePort, to: portOf(server) }),
  );
  if (!started.ok) throw new Error(started.message);
  gate = started.process;
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await supervisor.end();
  server.close();
  rmSync(stateDir, { recursive: true, force: true });
});

/** Sends a word and waits for what comes back: the word, or why the connection ended. */
async function echo(port: number, word: string, withinMs: number): Promise<string> {
  const socket = connect({ host: LAB_HOST, port, timeout: withinMs });
  sockets.push(socket);
  return await new Promise((resolve) => {
    socket.once("connect", () => socket.write(word));
    socket.once("data", (data) => resolve(data.toString()));
    socket.once("timeout", () => resolve("no answer"));
    socket.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    socket.once("close", () => resolve("closed"));
  });
}

const ENOUGH_MS = 5000;
const SOON_MS = 300;

test("a gate passes bytes both ways", async () => {
  expect(await echo(gatePort, "hello", ENOUGH_MS)).toBe("hello");
});

test("a killed gate refuses while the server behind it answers, and passes again once revived", async () => {
  await gate.kill();
  expect(await echo(gatePort, "hello", ENOUGH_MS)).toBe("ECONNREFUSED");
  expect(await echo(portOf(server), "hello", ENOUGH_MS)).toBe("hello");
  expect(await gate.revive()).toEqual({ ok: true });
  expect(await echo(gatePort, "hello", ENOUGH_MS)).toBe("hello");
});

test("a stopped gate answers nothing while the server behind it answers", async () => {
  gate.stop();
  expect(await echo(gatePort, "hello", SOON_MS)).toBe("no answer");
  expect(await echo(portOf(server), "hello", ENOUGH_MS)).toBe("hello");
  gate.cont();
  expect(await echo(gatePort, "hello", ENOUGH_MS)).toBe("hello");
});

test("a gate whose server is gone closes connections at once", async () => {
  await new Promise((resolve) => server.close(resolve));
  expect(["ECONNRESET", "closed"]).toContain(await echo(gatePort, "hello", ENOUGH_MS));
});
