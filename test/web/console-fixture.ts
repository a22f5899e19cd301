import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { MonitorUpdate, MonitorView } from "@evenkeel/contracts/api";
import {
  AccessCommand,
  ArmCommand,
  BatchCommand,
  BatchResult,
  CommandResult,
  SwitchCommand,
} from "@evenkeel/contracts/command";
import { AppError, type ErrorCode, renderProblem } from "@evenkeel/contracts/errors";
import { ConsoleFrame, type Explanation, type LiveMonitor, type LiveView } from "@evenkeel/contracts/live";
import type { MaintenanceWindow, Timing } from "@evenkeel/contracts/plan";
import { because, type SentenceId } from "@evenkeel/contracts/sentences";
import { type Handler, Hono } from "hono";
import { type WebSocket, WebSocketServer } from "ws";
import { INSTANCE_ID } from "./fixture-views.ts";
import { describeSettings, handOut } from "./hand-out.ts";
import { serveFile } from "./serve-file.ts";

/** The one password of the fixture. */
export const PASSWORD = "correct horse battery";
/** The one login code of the fixture. */
export const LOGIN_CODE = "one-time-code-1";

const TIMING: Timing = {
  retryIntervalMs: 1000,
  monitorTimeoutMs: 5000,
  accessTimeoutMs: 3000,
  healthPrecision: 1,
  healthyThreshold: 2,
  unhealthyThreshold: 3,
  fastRefuse: true,
};

/** A command that the console sent, as it was parsed by the contract. */
export interface ReceivedOrder {
  readonly type: string;
  readonly monitorId: string;
  readonly body: SwitchCommand | AccessCommand | ArmCommand;
}

/** Why the fixture refuses. */
export interface PlannedRefusal {
  readonly code: ErrorCode;
  readonly id: SentenceId;
  readonly params: object;
}

/** What a test turns to make the control plane behave. */
export interface ConsoleFixture {
  readonly url: string;
  readonly orders: ReceivedOrder[];
  /** Changes the picture; consoles get a frame. */
  show(view: LiveView): void;
  /** The role of who signs in; null: nobody is signed in. */
  role: "owner" | "operator" | "editor" | "viewer" | null;
  /** How commands are answered; default: carried out. */
  answer: ((order: ReceivedOrder) => PlannedRefusal | "silence" | null) | null;
  /** Batches that the console sent. */
  readonly batches: BatchCommand[];
  /** Monitors of batches that are refused, by id. */
  readonly blocked: Map<string, PlannedRefusal>;
  /** True: batches are carried out, and their answers are lost. */
  losesAnswers: boolean;
  /** Maintenance windows of every monitor. */
  windows: MaintenanceWindow[];
  /** How applications use the databases of every monitor. */
  pools: MonitorView["pools"];
  /** Settings of every monitor; null: the example of its kind. */
  common: Record<string, unknown> | null;
  /** Queries for SDK configurations. */
  readonly sdkQueries: string[];
  /** What would happen to a monitor now. */
  explanation: Explanation;
  /** False: sockets are closed and refused. */
  sockets: boolean;
  /** False: every request of the API is cut off, and sockets are closed: the control plane is dead. */
  alive: boolean;
  /** True: the catalogue is down; the live picture still works. */
  catalogueDown: boolean;
  /** Sockets that are open. */
  countSockets(): number;
  close(): Promise<void>;
}

type ServeConsole = Handler;

/**
 * Serves the built console with the Worker's own code and policy, and an API that speaks the contracts from a picture
 * that the test chooses.
 *
 * @param dist folder of the built console
 * @param first the first picture
 * @param port where to listen; 0: any free port
 */
export async function startConsoleFixture(
  dist: string,
  first: LiveView,
  port: number,
): Promise<ConsoleFixture> {
  let view = first;
  const orders: ReceivedOrder[] = [];
  const codes = new Set([LOGIN_CODE]);
  const page = new Hono().get("*", await loadServeConsole());
  const assets = { fetch: async (request: Request) => serveFile(dist, new URL(request.url).pathname) };
  const sockets = new WebSocketServer({ noServer: true });
  const push = (socket: WebSocket) => socket.send(JSON.stringify(ConsoleFrame.parse({ type: "view", view })));
  let isAlive = true;
  let hasSockets = true;
  const dropSockets = () => {
    for (const socket of sockets.clients) socket.terminate();
  };

  const api = async (request: IncomingMessage, response: ServerResponse, path: string) => {
    const text = await readBody(request);
    const body = text === "" ? null : (JSON.parse(text) as Record<string, unknown>);
    const route = `${request.method} ${path}`;
    const who = () => ({
      kind: "session",
      id: "ses_1",
      name: "alice",
      role: fixture.role,
      expiresAtMs: null,
    });
    const send = (status: number, value: unknown) => sendJson(response, status, value);
    const refuse = (error: AppError) => sendJson(response, renderProblem(error).status, renderProblem(error));
    if (route === "POST /session") {
      if (body?.password !== PASSWORD)
        return refuse(new AppError("unauthenticated", "Name or password is wrong"));
      fixture.role ??= "operator";
      return send(200, who());
    }
    if (route === "POST /session/redeem") {
      if (!codes.delete(String(body?.code)))
        return refuse(new AppError("token-invalid", "This login code is wrong"));
      fixture.role ??= "operator";
      return send(200, who());
    }
    if (fixture.catalogueDown && (path === "/session" || path === "/instances")) {
      return refuse(new AppError("catalogue-unavailable", "The catalogue does not answer"));
    }
    if (fixture.role === null) return refuse(new AppError("unauthenticated", "Sign in first"));
    if (route === "GET /session") return send(200, who());
    if (route === "DELETE /session") {
      fixture.role = null;
      response.writeHead(204).end();
      return;
    }
    if (route === "GET /instances") return send(200, { items: [renderInstance(view)] });
    const base = `/instances/${INSTANCE_ID}`;
    if (route === `GET ${base}/live`) return send(200, view);
    if (route === `GET ${base}/events`) return send(200, { items: view.events });
    if (request.method === "GET" && path.endsWith("/explain")) return send(200, fixture.explanation);
    const command = /^\/instances\/[^/]+\/monitors\/([^/]+)\/(switch|switch-back|access|arm)$/.exec(path);
    if (request.method === "POST" && command?.[1] !== undefined && command[2] !== undefined) {
      return obey({ monitorId: command[1], type: command[2], body: parseOrder(command[2], body) }, response);
    }
    if (route === `GET ${base}/applications`) return send(200, { items: listApplications(view) });
    const settings = /^\/instances\/[^/]+\/monitors\/([^/]+)$/.exec(path)?.[1];
    const monitor = view.monitors.find(({ id }) => id === settings);
    if (monitor !== undefined && request.method === "GET") return send(200, renderMonitor(monitor));
    const handedOut = /^\/instances\/[^/]+\/monitors\/([^/]+)\/sdk-config$/.exec(path)?.[1];
    const subject = view.monitors.find(({ id }) => id === handedOut);
    if (subject !== undefined) {
      const query = new URL(request.url ?? "", "http://fixture").searchParams;
      fixture.sdkQueries.push(query.toString());
      try {
        const yaml = await handOut(view, renderMonitor(subject), query);
        response.writeHead(200, { "content-type": "application/yaml" }).end(yaml);
        return;
      } catch (error) {
        return refuse(error as AppError);
      }
    }
    if (monitor !== undefined && request.method === "PATCH") {
      const edit = MonitorUpdate.parse(body);
      fixture.windows = edit.windows ?? fixture.windows;
      fixture.pools = edit.pools ?? fixture.pools;
      fixture.common = edit.common ?? fixture.common;
      const open = fixture.windows.find(({ fromMs, untilMs }) => fromMs <= view.atMs && view.atMs < untilMs);
      const next = { ...monitor, window: open ?? null };
      fixture.show({ ...view, monitors: view.monitors.map((one) => (one.id === next.id ? next : one)) });
      return send(200, renderMonitor(next));
    }
    if (route === `POST ${base}/switches`) return obeyMany(BatchCommand.parse(body), response);
    refuse(new AppError("not-found", "There is no such instance"));
  };

  const renderMonitor = (monitor: LiveMonitor) =>
    MonitorView.parse({
      ...monitor,
      instanceId: view.instanceId,
      hasRoute: true,
      timing: {},
      effectiveTiming: TIMING,
      failOn: [],
      windows: fixture.windows,
      ...describeSettings(view, monitor.kind, fixture.common),
      pools: fixture.pools,
      warnings: [],
      createdAtMs: view.atMs,
      updatedAtMs: view.atMs,
    });

  const obeyMany = (batch: BatchCommand, response: ServerResponse) => {
    fixture.batches.push(batch);
    const members = batch.members.map(({ monitorId, to, expectedEpoch }) => {
      const monitor = view.monitors.find(({ id }) => id === monitorId);
      if (monitor === undefined) throw new Error(`the console sent an unknown monitor: ${monitorId}`);
      const { epoch } = monitor;
      const planned = fixture.blocked.get(monitorId);
      if (planned !== undefined && !batch.force) {
        const why = because(planned.id, planned.params as Record<string, string>);
        return { ok: false, refusal: { monitorId, code: planned.code, because: why, epoch } };
      }
      const order = { monitorId, type: "switch", body: { ...batch, to, expectedEpoch } };
      // What a key did once is not done again.
      const isRepeated = fixture.batches.some(
        (one) => one !== batch && one.idempotencyKey === batch.idempotencyKey,
      );
      const next = isRepeated ? monitor : carryOut(monitor, order);
      view = { ...view, monitors: view.monitors.map((one) => (one.id === next.id ? next : one)) };
      const why = because("operator-switch", {
        who: "user alice",
        dc: monitor.active,
        to,
        epoch: next.epoch,
      });
      const { decision, active } = next;
      return {
        ok: true,
        result: { monitorId, status: "done", epoch: next.epoch, decision, active, because: why },
      };
    });
    fixture.show(view);
    if (fixture.losesAnswers) return response.destroy();
    sendJson(response, 200, BatchResult.parse({ members }));
  };

  const obey = (order: ReceivedOrder, response: ServerResponse) => {
    orders.push(order);
    const monitor = view.monitors.find(({ id }) => id === order.monitorId);
    if (monitor === undefined) throw new Error(`the console sent an unknown monitor: ${order.monitorId}`);
    const planned = fixture.answer?.(order) ?? null;
    if (planned === "silence") return response.destroy();
    const stale = order.body.expectedEpoch !== monitor.epoch;
    const params = { expected: order.body.expectedEpoch, epoch: monitor.epoch };
    const refusal = stale ? { code: "state-changed" as const, id: "epoch-stale" as const, params } : planned;
    if (refusal !== null) {
      const why = because(refusal.id, refusal.params as Record<string, string>);
      const problem = renderProblem(
        new AppError(refusal.code, why.text, { because: why, epoch: monitor.epoch }),
      );
      return sendJson(response, problem.status, problem);
    }
    const next = carryOut(monitor, order);
    fixture.show({ ...view, monitors: view.monitors.map((one) => (one.id === next.id ? next : one)) });
    const { id: monitorId, epoch, decision, active } = next;
    const why = because("operator-switch", { who: "user alice", dc: monitor.active, to: active, epoch });
    const result = { monitorId, status: "done", epoch, decision, active, because: why };
    return sendJson(response, 200, CommandResult.parse(result));
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://fixture");
    if (url.pathname.startsWith("/api/")) {
      if (!isAlive) return response.destroy();
      api(request, response, url.pathname.replace("/api/v1", "")).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
      return;
    }
    servePage(page, assets, url, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.on("upgrade", (request, socket, head) => {
    if (!isAlive || !hasSockets) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (console) => {
      console.on("message", (data) => {
        if (String(data) === "ping") console.send("pong");
      });
      push(console);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));

  const fixture: ConsoleFixture = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    orders,
    role: "operator",
    answer: null,
    batches: [],
    blocked: new Map(),
    losesAnswers: false,
    windows: [],
    pools: [],
    common: null,
    sdkQueries: [],
    explanation: { monitorId: "", foretold: [] },
    catalogueDown: false,
    get sockets() {
      return hasSockets;
    },
    set sockets(value) {
      hasSockets = value;
      if (!value) dropSockets();
    },
    get alive() {
      return isAlive;
    },
    set alive(value) {
      isAlive = value;
      if (!value) dropSockets();
    },
    countSockets: () => sockets.clients.size,
    show(next) {
      view = { ...next, atMs: Math.max(next.atMs, view.atMs + 1) };
      for (const socket of sockets.clients) push(socket);
    },
    close: async () => {
      dropSockets();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fixture;
}

/** The Worker's own function, loaded by address because its types are those of another platform. */
async function loadServeConsole(): Promise<ServeConsole> {
  const address = new URL("../../workers/routes/console.ts", import.meta.url).href;
  const loaded = (await import(/* @vite-ignore */ address)) as { readonly serveConsole: ServeConsole };
  return loaded.serveConsole;
}

async function servePage(page: Hono, assets: object, url: URL, response: ServerResponse): Promise<void> {
  const answer = await page.fetch(new Request(url), { ASSETS: assets });
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(Buffer.from(await answer.arrayBuffer()));
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(value));
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

function renderInstance(view: LiveView) {
  const { instanceId: id, name, planVersion } = view;
  const times = { createdAtMs: view.atMs, updatedAtMs: view.atMs };
  return {
    id,
    namespaceId: "nsp_retail001",
    name,
    description: "Orders, stock, sessions",
    planVersion,
    ...times,
  };
}

/** Each application by a name that its id does not tell. */
function listApplications(view: LiveView) {
  const ids = [...new Set(view.monitors.map(({ applicationId }) => applicationId))];
  const times = { createdAtMs: view.atMs, updatedAtMs: view.atMs };
  return ids.map((id) => ({
    ...{ id, instanceId: view.instanceId, name: `Application ${id.slice("app_".length)}`, description: "" },
    ...times,
  }));
}

function parseOrder(type: string, body: unknown): ReceivedOrder["body"] {
  if (type === "access") return AccessCommand.parse(body);
  return type === "arm" ? ArmCommand.parse(body) : SwitchCommand.parse(body);
}

function carryOut(monitor: LiveMonitor, order: ReceivedOrder): LiveMonitor {
  const { body } = order;
  const epoch = monitor.epoch + 1;
  if ("to" in body) return { ...monitor, active: body.to, armed: false, epoch, decision: `dec_${epoch}` };
  if (!("dataCentre" in body)) return { ...monitor, armed: true };
  const { dataCentre, readable, writable } = body;
  const dataCentres = monitor.dataCentres.map((dc) =>
    dc.name === dataCentre ? { ...dc, readable, writable } : dc,
  );
  return { ...monitor, epoch, dataCentres };
}
