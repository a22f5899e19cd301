import type { ServerResponse } from "node:http";
import { startElasticsearchNode } from "@evenkeel/lab/engines/elasticsearch-node";
import { startFerretdb } from "@evenkeel/lab/engines/ferretdb";
import { startHttpTargets } from "@evenkeel/lab/engines/http-targets";
import type { ManagedProcess } from "@evenkeel/lab/processes/process-spec";
import { type FetchedName, findFetched } from "@evenkeel/lab/setup/fetched-engines";
import { type EngineLab, openEngineLab } from "../../lab/engines/engine-lab.ts";
import { accept, refuse, serveListener } from "../fake-listener.ts";
import { mongoError, serveMongo } from "../fake-mongo.ts";
import { serveHttp } from "../serve-http.ts";
import { type Cell, type Column, EXPECTED } from "./column.ts";
import { makeRestartCell, makeStoppedCell } from "./engine-cells.ts";
import { makeFixtureCell, makeSampleCell, makeTlsCell } from "./fixture-cells.ts";
import { makeIpv6Cell, makeNetworkCells, requireCase } from "./network-cells.ts";

/** A server that the lab starts as one process. */
interface OneServer {
  readonly settings: Record<string, unknown>;
  readonly address: string;
  readonly process: ManagedProcess;
}

/** Starts one server in a lab of its own, and makes the cells that need nothing but that it is real. */
function makeOneServer(
  start: (lab: EngineLab) => Promise<OneServer>,
  at: (settings: Record<string, unknown>, address: string) => Record<string, unknown>,
): Pick<Column, "setUp" | "tearDown"> & {
  find(): OneServer;
  cells: Record<"stopped" | "restart" | "ipv6", Cell>;
} {
  let lab: EngineLab | null = null;
  let server: OneServer | null = null;
  const find = () => {
    if (server === null) throw new Error("the server has not been started");
    return server;
  };
  return {
    find,
    async setUp() {
      lab = await openEngineLab();
      server = await start(lab);
    },
    tearDown: async () => await lab?.remove(),
    cells: {
      stopped: makeStoppedCell(find),
      restart: makeRestartCell(find),
      ipv6: makeIpv6Cell("engine", EXPECTED.up, async (stage) => {
        const { settings, address } = find();
        await stage.until(settings, EXPECTED.up);
        return { address, at: (other) => at(settings, other) };
      }),
    },
  };
}

const listed = (settings: Record<string, unknown>, address: string) => ({
  ...settings,
  addresses: [address],
});

function requireFetched(name: FetchedName) {
  const engine = findFetched(name);
  if ("missing" in engine) throw new Error(engine.missing);
  return engine;
}

function whyNotFetched(name: FetchedName): string | undefined {
  const engine = findFetched(name);
  return "missing" in engine ? engine.missing : undefined;
}

/** FerretDB, for MongoDB. */
export function makeMongoColumn(): Column {
  const kind = "mongodb";
  const { find, cells, ...life } = makeOneServer(async ({ stateDir, supervisor, ports }) => {
    const admin = { user: "evenkeel_probe", password: "not-shown" };
    const port = ports["http-dc1"];
    const engine = requireFetched("ferretdb");
    const started = await startFerretdb({ stateDir, supervisor, engine, port, admin });
    if (!started.ok) throw new Error(started.message);
    const address = `127.0.0.1:${port}`;
    return { settings: requireCase(kind).settings(address), address, process: started.process };
  }, listed);
  const answer = (name: string, reply: Record<string, unknown>) => () =>
    serveMongo("not-shown", (command) => (Object.hasOwn(command, name) ? reply : undefined));
  const secondary = { ok: 1, isWritablePrimary: false, secondary: true, setName: "rs0" };
  return {
    kind,
    server: "FerretDB",
    missing: whyNotFetched("ferretdb"),
    ...life,
    cells: {
      ...makeNetworkCells(kind, EXPECTED.badAnswer),
      ...cells,
      "wrong-password": {
        by: "engine",
        expected: EXPECTED.auth,
        run: (stage) => stage.probe({ ...find().settings, password: "wrong-and-secret" }),
      },
      "locked-account": { cannot: "the engine locks no accounts" },
      "missing-database": { cannot: "a database that is missing is an empty one" },
      "missing-privilege": makeFixtureCell(
        kind,
        EXPECTED.privilege,
        answer("find", mongoError(13, "Unauthorized")),
      ),
      full: makeFixtureCell(
        kind,
        EXPECTED.saturated,
        answer("serverStatus", { ok: 1, connections: { current: 99, available: 1 } }),
      ),
      "read-only": makeFixtureCell(
        kind,
        EXPECTED.readOnly,
        answer("hello", { ...secondary, saslSupportedMechs: ["SCRAM-SHA-256"] }),
      ),
      "disk-full": makeFixtureCell(
        kind,
        { verdict: "degraded", reason: "disk-full" },
        answer("find", mongoError(14031, "OutOfDiskSpace")),
      ),
      "tls-name": makeTlsCell(kind, (certificate) => serveMongo("not-shown", undefined, certificate)),
    },
  };
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** Elasticsearch as one node. */
export function makeElasticsearchColumn(): Column {
  const kind = "elasticsearch";
  const { find, cells, ...life } = makeOneServer(async ({ stateDir, supervisor, ports }) => {
    const node = { name: "n1", httpPort: ports["http-dc1"], transportPort: ports["gate-http-dc1"] };
    const engine = requireFetched("elasticsearch");
    const started = await startElasticsearchNode({ stateDir, supervisor, engine, cluster: [node] }, node);
    if (!started.ok) throw new Error(started.message);
    const address = `127.0.0.1:${node.httpPort}`;
    return { settings: { addresses: [address] }, address, process: started.process };
  }, listed);
  const refuseWith = (status: number, type: string, reason: string) => () =>
    serveHttp((_, response) => sendJson(response, status, { error: { type, reason }, status }));
  const send = async (method: string, path: string, body: object) => {
    const response = await fetch(`http://${find().address}${path}`, {
      method,
      headers: { "content-type": "application/json", connection: "close" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
  };
  const block = (on: true | null) =>
    send("PUT", "/_cluster/settings", { transient: { "cluster.blocks.read_only": on } });
  const flood = (on: true | null) =>
    send("PUT", "/shop/_settings", { "index.blocks.read_only_allow_delete": on });
  return {
    kind,
    server: "Elasticsearch",
    missing: whyNotFetched("elasticsearch"),
    ...life,
    cells: {
      ...makeNetworkCells(kind, EXPECTED.badAnswer),
      ...cells,
      "wrong-password": makeFixtureCell(
        kind,
        EXPECTED.auth,
        refuseWith(401, "security_exception", "unable to authenticate user [evenkeel_probe]"),
      ),
      "locked-account": { cannot: "a locked account is told like a wrong password" },
      "missing-database": { cannot: "there are no databases" },
      "missing-privilege": makeFixtureCell(
        kind,
        EXPECTED.privilege,
        refuseWith(403, "security_exception", "action [cluster:monitor/health] is unauthorized"),
      ),
      full: makeFixtureCell(
        kind,
        EXPECTED.saturated,
        refuseWith(429, "es_rejected_execution_exception", "rejected execution"),
      ),
      "read-only": {
        by: "engine",
        expected: EXPECTED.readOnly,
        async run(stage) {
          await stage.until(find().settings, EXPECTED.up);
          await block(true);
          stage.after(() => block(null));
          return await stage.until(find().settings, EXPECTED.readOnly);
        },
      },
      "disk-full": {
        by: "engine",
        expected: { verdict: "read_only", reason: "disk-full" },
        remark: "the block that the flood stage sets was set by hand",
        async run(stage) {
          await stage.until(find().settings, EXPECTED.up);
          await send("PUT", "/shop", { settings: { number_of_replicas: 0, number_of_shards: 1 } });
          await flood(true);
          stage.after(() => flood(null));
          return await stage.until(find().settings, { reason: "disk-full" });
        },
      },
      "tls-name": makeTlsCell(kind, (certificate) =>
        serveHttp((_, response) => response.end("{}"), certificate),
      ),
    },
  };
}

/** A small HTTP API. */
export function makeApiColumn(): Column {
  const kind = "api";
  const settingsAt = (address: string) => ({ ...requireCase(kind).settings(address), path: "/health" });
  const { cells, ...life } = makeOneServer(
    async ({ supervisor, ports }) => {
      const targets = await startHttpTargets(supervisor, ports);
      const address = `127.0.0.1:${ports["http-dc1"]}`;
      return { settings: settingsAt(address), address, process: targets.processes.dc1 };
    },
    (_, address) => settingsAt(address),
  );
  const answer = (status: number) => () =>
    serveHttp((_, response) => {
      response.writeHead(status).end();
    });
  const wrongStatus = { verdict: "down", reason: "wrong-status" } as const;
  const statusOnly = "an API says so with a status, and any but the expected one is down";
  return {
    kind,
    server: "an HTTP server",
    missing: undefined,
    setUp: life.setUp,
    tearDown: life.tearDown,
    cells: {
      ...makeNetworkCells(kind, EXPECTED.badAnswer),
      ...cells,
      "wrong-password": makeFixtureCell(kind, EXPECTED.auth, answer(401)),
      "locked-account": { cannot: "told like a wrong password" },
      "missing-database": { cannot: "there are no databases" },
      "missing-privilege": { ...makeFixtureCell(kind, wrongStatus, answer(403)), remark: statusOnly },
      full: { ...makeFixtureCell(kind, wrongStatus, answer(503)), remark: statusOnly },
      "read-only": { cannot: "there is nothing to write" },
      "disk-full": { ...makeFixtureCell(kind, wrongStatus, answer(507)), remark: statusOnly },
      "tls-name": makeTlsCell(kind, (certificate) => serveHttp((_, response) => response.end(), certificate)),
    },
  };
}

/** Oracle: its driver against a listener of ours. */
export function makeOracleColumn(): Column {
  const kind = "oracle";
  const fails = (code: string, message: string) =>
    ({ type: "failed", error: { code, message }, afterMs: 1 }) as const;
  const row = {
    role: "PRIMARY",
    status: "OPEN",
    logins: "ALLOWED",
    resource: "sessions",
    used: 3,
    allowed: "472",
  };
  const noServer =
    "no server could be had; on the network it shows nothing else than what is accepted and mute";
  return {
    kind,
    server: "no server: its driver against a listener of ours",
    missing: undefined,
    setUp: async () => undefined,
    tearDown: async () => undefined,
    cells: {
      ...makeNetworkCells(kind, EXPECTED.timedOut),
      stopped: { notRun: noServer },
      restart: { notRun: "no server could be had" },
      "wrong-password": makeSampleCell(
        kind,
        EXPECTED.auth,
        fails("ORA-01017", "invalid username/password; logon denied"),
      ),
      "locked-account": makeSampleCell(kind, EXPECTED.auth, fails("ORA-28000", "The account is locked.")),
      "missing-database": {
        ...makeFixtureCell(kind, { verdict: "down", reason: "unknown-database" }, () =>
          serveListener(refuse(12514)),
        ),
        remark: "a listener says the same of an instance that has crashed",
      },
      "missing-privilege": makeSampleCell(
        kind,
        EXPECTED.privilege,
        fails("ORA-00942", "table or view does not exist"),
      ),
      full: makeFixtureCell(kind, EXPECTED.saturated, () => serveListener(refuse(12516))),
      "read-only": makeSampleCell(kind, EXPECTED.readOnly, {
        type: "answered",
        sample: [{ ...row, openMode: "READ ONLY" }],
        latencyMs: 1,
      }),
      "disk-full": makeSampleCell(
        kind,
        { verdict: "degraded", reason: "disk-full" },
        fails("ORA-00257", "Archiver error. Connect AS SYSDBA only until resolved."),
      ),
      "tls-name": makeTlsCell(kind, (certificate) => serveListener(accept, certificate)),
      ipv6: makeIpv6Cell("fixture", { verdict: "down", reason: "starting" }, async () => {
        const { address } = await serveListener(refuse(12528));
        return { address, at: (other) => requireCase(kind).settings(other) };
      }),
    },
  };
}
