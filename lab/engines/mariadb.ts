import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { LAB_HOST } from "../processes/ports.ts";
import type { ProcessSpec } from "../processes/process-spec.ts";
import type { SpawnResult } from "../processes/supervisor.ts";
import type { FoundProgram } from "../setup/programs.ts";
import {
  ADMIN_USER,
  chunkIds,
  type DataCentre,
  describeEngine,
  type EngineRequest,
  type EngineResult,
  SHOP_DATABASE,
  startBoth,
} from "./engine-handle.ts";
import { type EngineHome, makePrivateFolder, openHome, writePrivateFile } from "./engine-home.ts";
import { watchDatabase } from "./engine-monitor.ts";
import { connectMariadb, type MariadbServer } from "./mariadb-connection.ts";
import { firstStatements, type ServerPlace, serverSettings } from "./mariadb-settings.ts";
import { ensureReplication, ensureShop } from "./mariadb-shop.ts";
import { type LabSecrets, loadSecrets } from "./secrets.ts";

const ENGINE = "mysql";
const INSTALL_WITHIN_MS = 120_000;

/** Makes an empty data directory whose accounts the server sets up in its first start. */
async function initialise(installer: string, settingsFile: string): Promise<void> {
  await promisify(execFile)(
    installer,
    [`--defaults-file=${settingsFile}`, "--auth-root-authentication-method=normal", "--skip-test-db"],
    { timeout: INSTALL_WITHIN_MS },
  );
}

function serverProcess(
  program: FoundProgram,
  server: MariadbServer,
  dataCentre: DataCentre,
  settings: string,
): ProcessSpec {
  return {
    name: `${ENGINE}-${dataCentre}`,
    role: "database",
    site: dataCentre,
    command: program.path,
    args: [`--defaults-file=${settings}`],
    ports: [{ port: server.port, wantedBy: `MariaDB in ${dataCentre}` }],
    isReady: async () => {
      const { database: _, ...anyDatabase } = server;
      return await connectMariadb(anyDatabase, async () => true);
    },
  };
}

/** Starts one server; the first time it makes its administrator before it listens, so that no open account is seen. */
async function startServer(
  request: EngineRequest,
  home: EngineHome,
  dataCentre: DataCentre,
  server: MariadbServer,
): Promise<SpawnResult> {
  const { program, supervisor } = request;
  const folder = join(home.dir, dataCentre);
  const settings = join(folder, "my.cnf");
  const firstFile = join(folder, "first.sql");
  const place: ServerPlace = { folder, port: server.port, dataCentre };
  makePrivateFolder(folder);
  writePrivateFile(settings, serverSettings(place));
  if (home.isFresh) {
    await initialise(program.companions["mariadb-install-db"] ?? "mariadb-install-db", settings);
    writePrivateFile(firstFile, firstStatements(server.password));
    writePrivateFile(settings, serverSettings(place, firstFile));
  }
  const started = await supervisor.spawnProcess(serverProcess(program, server, dataCentre, settings));
  // A later start with the same arguments must not look for the file of the first one.
  writePrivateFile(settings, serverSettings(place));
  rmSync(firstFile, { force: true });
  return started;
}

/** Asks one server which of the given orders it holds. */
async function findOrders(server: MariadbServer, ids: readonly string[]): Promise<ReadonlySet<string>> {
  return await connectMariadb(server, async (ask) => {
    const held = new Set<string>();
    for (const chunk of chunkIds(ids)) {
      for (const row of await ask("SELECT id FROM orders WHERE id IN (?)", [chunk])) held.add(String(row.id));
    }
    return held;
  });
}

function findServers({ ports }: EngineRequest, { passwords }: LabSecrets): Record<DataCentre, MariadbServer> {
  const login = {
    host: LAB_HOST,
    user: ADMIN_USER,
    password: passwords["mysql-admin"],
    database: SHOP_DATABASE,
  };
  return { dc1: { ...login, port: ports["mysql-dc1"] }, dc2: { ...login, port: ports["mysql-dc2"] } };
}

/**
 * Starts MariaDB in dc1 and dc2, both writable, with the shop's database in both and GTID replication from dc1 to dc2.
 * The data of an earlier start is used again.
 * @returns the servers once both answer and replication is set up, or why that did not come about
 * @throws when a server refuses what is needed to set it up
 */
export async function startMariadb(request: EngineRequest): Promise<EngineResult> {
  const secrets = loadSecrets(request.stateDir);
  const servers = findServers(request, secrets);
  const home = openHome(join(request.stateDir, ENGINE), secrets.labId);
  const started = await startBoth({
    dc1: startServer(request, home, "dc1", servers.dc1),
    dc2: startServer(request, home, "dc2", servers.dc2),
  });
  if (!started.ok) return started;

  const { passwords } = secrets;
  const accounts = {
    app: passwords["mysql-app"],
    probe: passwords["mysql-probe"],
    replication: passwords["mysql-replication"],
  };
  await Promise.all([ensureShop(servers.dc1, accounts), ensureShop(servers.dc2, accounts)]);
  await ensureReplication(servers.dc2, servers.dc1, accounts.replication);
  home.markReady();

  const handle = describeEngine({
    engine: ENGINE,
    version: request.program.version,
    processes: started.handle,
    servers,
    passwords: accounts,
    database: SHOP_DATABASE,
    monitor: watchDatabase(accounts.probe),
    findOrders,
  });
  return { ok: true, handle };
}
