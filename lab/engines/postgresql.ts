import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { LAB_HOST } from "../processes/ports.ts";
import type { ProcessSpec } from "../processes/process-spec.ts";
import { findProcess } from "../processes/process-table.ts";
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
import { makePrivateFolder, openHome, writePrivateFile } from "./engine-home.ts";
import { watchDatabase } from "./engine-monitor.ts";
import { connectPostgresql, type PostgresqlServer } from "./postgresql-connection.ts";
import { accessRules, serverSettings } from "./postgresql-settings.ts";
import {
  ensurePublisher,
  ensureShop,
  ensureSubscriber,
  type PostgresqlPasswords,
} from "./postgresql-shop.ts";
import { type Account, findAccount, placeForUser, reachableProgram } from "./run-as.ts";
import { loadSecrets } from "./secrets.ts";

const ENGINE = "postgresql";
const INITDB_WITHIN_MS = 60_000;

/** Makes an empty data directory. The password goes through a file, for arguments are visible to every user. */
async function initialise(
  initdb: string,
  home: string,
  data: string,
  password: string,
  account?: Account,
): Promise<void> {
  const passwordFile = `${data}.password`;
  makePrivateFolder(data, account);
  writePrivateFile(passwordFile, password, account);
  const args = ["-D", data, "-U", ADMIN_USER, "-E", "UTF8", "--no-locale", "--no-sync"];
  try {
    await promisify(execFile)(
      initdb,
      [...args, "--auth-local=scram-sha-256", "--auth-host=scram-sha-256", `--pwfile=${passwordFile}`],
      { ...account, cwd: home, timeout: INITDB_WITHIN_MS },
    );
  } finally {
    rmSync(passwordFile);
  }
}

/**
 * Removes the lock of a server that was killed. PostgreSQL itself takes it for valid as long as the dead process is not
 * collected by its parent, which in a container without an init is for ever.
 */
function removeStaleLock(data: string): void {
  const lock = join(data, "postmaster.pid");
  if (!existsSync(lock)) return;
  const pid = Number.parseInt(readFileSync(lock, "utf8"), 10);
  if (findProcess(pid) === undefined) rmSync(lock);
}

function serverProcess(
  program: FoundProgram,
  server: PostgresqlServer,
  place: { dataCentre: DataCentre; home: string; data: string; account: Account | undefined },
): ProcessSpec {
  return {
    name: `${ENGINE}-${place.dataCentre}`,
    role: "database",
    site: place.dataCentre,
    command: program.path,
    args: ["-D", place.data],
    cwd: place.home,
    ...place.account,
    ports: [{ port: server.port, wantedBy: `PostgreSQL in ${place.dataCentre}` }],
    // SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for its clients to leave.
    endSignal: "SIGINT",
    isReady: async () => await connectPostgresql({ ...server, database: "postgres" }, async () => true),
  };
}

/** Asks one server which of the given orders it holds. */
async function findOrders(server: PostgresqlServer, ids: readonly string[]): Promise<ReadonlySet<string>> {
  return await connectPostgresql(server, async (client) => {
    const held = new Set<string>();
    for (const chunk of chunkIds(ids)) {
      const { rows } = await client.query<{ id: string }>("SELECT id FROM orders WHERE id = ANY($1)", [
        chunk,
      ]);
      for (const { id } of rows) held.add(id);
    }
    return held;
  });
}

/**
 * Starts PostgreSQL in dc1 and dc2 with the shop's database in both and logical replication from dc1 to dc2. The data
 * of an earlier start is used again.
 * @returns the servers once both answer and replication is set up, or why that did not come about
 * @throws when a server refuses what is needed to set it up
 */
export async function startPostgresql(request: EngineRequest): Promise<EngineResult> {
  const { stateDir, ports, supervisor, say } = request;
  const { labId, passwords } = loadSecrets(stateDir);
  const account = findAccount(["postgres", "nobody"]);
  const place = placeForUser(stateDir, ENGINE, account, say);
  const home = openHome(place, labId, account);
  const program = reachableProgram(request.program, account, home.dir);
  const initdb = program.companions.initdb ?? "initdb";
  const login = {
    host: LAB_HOST,
    user: ADMIN_USER,
    password: passwords["postgresql-admin"],
    database: SHOP_DATABASE,
  };
  const servers = {
    dc1: { ...login, port: ports["postgresql-dc1"] },
    dc2: { ...login, port: ports["postgresql-dc2"] },
  };
  const start = async (dataCentre: DataCentre) => {
    const data = join(home.dir, dataCentre);
    const server = servers[dataCentre];
    if (home.isFresh) await initialise(initdb, home.dir, data, login.password, account);
    writePrivateFile(join(data, "postgresql.conf"), serverSettings(server.port), account);
    writePrivateFile(join(data, "pg_hba.conf"), accessRules(), account);
    removeStaleLock(data);
    return await supervisor.spawnProcess(
      serverProcess(program, server, { dataCentre, home: home.dir, data, account }),
    );
  };
  const started = await startBoth({ dc1: start("dc1"), dc2: start("dc2") });
  if (!started.ok) return started;

  const accounts: PostgresqlPasswords = {
    app: passwords["postgresql-app"],
    probe: passwords["postgresql-probe"],
    replication: passwords["postgresql-replication"],
  };
  await Promise.all([ensureShop(servers.dc1, accounts), ensureShop(servers.dc2, accounts)]);
  await ensurePublisher(servers.dc1);
  await ensureSubscriber(servers.dc2, servers.dc1, accounts);
  home.markReady();

  const handle = describeEngine({
    engine: ENGINE,
    version: program.version,
    processes: started.handle,
    servers,
    passwords: accounts,
    database: SHOP_DATABASE,
    monitor: watchDatabase(accounts.probe),
    findOrders,
  });
  return { ok: true, handle };
}
