import { MongoClient } from "mongodb";
import { LAB_HOST } from "../processes/ports.ts";
import {
  ADMIN_USER,
  APP_USER,
  chunkIds,
  type DataCentre,
  describeEngine,
  type EngineResult,
  type EngineUser,
  type FetchedRequest,
  PROBE_USER,
  SHOP_DATABASE,
  startBoth,
} from "./engine-handle.ts";
import { openHome } from "./engine-home.ts";
import { watchDatabase } from "./engine-monitor.ts";
import { startFerretdb } from "./ferretdb.ts";
import { loadSecrets } from "./secrets.ts";

const ENGINE = "mongodb";
/** The database that holds the accounts. */
const ACCOUNTS = "admin";
const ANSWER_WITHIN_MS = 10_000;
/** MongoDB's `Location51003`: there is an account of this name. */
const ACCOUNT_EXISTS = 51_003;

/** The collection that the shop writes its orders to; an order's id is its document's. */
export const ORDERS = "orders";

interface OrderDocument {
  readonly _id: string;
}

interface MongoServer extends EngineUser {
  readonly host: string;
  readonly port: number;
}

async function connectMongo<Result>(
  server: MongoServer,
  use: (client: MongoClient) => Promise<Result>,
): Promise<Result> {
  const client = new MongoClient(`mongodb://${server.host}:${server.port}/`, {
    auth: { username: server.user, password: server.password },
    authSource: ACCOUNTS,
    serverSelectionTimeoutMS: ANSWER_WITHIN_MS,
    socketTimeoutMS: ANSWER_WITHIN_MS,
  });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** FerretDB keeps accounts and does not look at their rights, so that they have none. */
async function ensureAccounts(server: MongoServer, accounts: readonly EngineUser[]): Promise<void> {
  await connectMongo(server, async (client) => {
    for (const { user, password } of accounts) {
      const command = { createUser: user, pwd: password, roles: [], mechanisms: ["SCRAM-SHA-256"] };
      try {
        await client.db(ACCOUNTS).command(command);
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === ACCOUNT_EXISTS)) throw error;
      }
    }
  });
}

async function findOrders(server: MongoServer, ids: readonly string[]): Promise<ReadonlySet<string>> {
  return await connectMongo(server, async (client) => {
    const held = new Set<string>();
    const orders = client.db(SHOP_DATABASE).collection<OrderDocument>(ORDERS);
    for (const chunk of chunkIds(ids)) {
      const found = orders.find({ _id: { $in: chunk } }, { projection: { _id: 1 } });
      for await (const { _id } of found) held.add(_id);
    }
    return held;
  });
}

/**
 * Starts FerretDB, which speaks MongoDB's protocol, in dc1 and dc2: two servers that know nothing of each other. The data
 * of an earlier start is used again.
 *
 * @returns the servers once both answer, or why that did not come about
 * @throws when a server refuses what is needed to set it up
 */
export async function startMongodb(request: FetchedRequest): Promise<EngineResult> {
  const { stateDir, ports, engine, supervisor } = request;
  const { labId, passwords } = loadSecrets(stateDir);
  const home = openHome(`${stateDir}/ferretdb`, labId);
  const admin = { user: ADMIN_USER, password: passwords["mongodb-admin"] };
  const servers = {
    dc1: { ...admin, host: LAB_HOST, port: ports["mongodb-dc1"] },
    dc2: { ...admin, host: LAB_HOST, port: ports["mongodb-dc2"] },
  };
  const start = (site: DataCentre) =>
    startFerretdb({ stateDir, engine, supervisor, site, port: servers[site].port, admin });
  const started = await startBoth({ dc1: start("dc1"), dc2: start("dc2") });
  if (!started.ok) return started;
  const accounts = { app: passwords["mongodb-app"], probe: passwords["mongodb-probe"] };
  const wanted = [
    { user: APP_USER, password: accounts.app },
    { user: PROBE_USER, password: accounts.probe },
  ];
  await Promise.all([ensureAccounts(servers.dc1, wanted), ensureAccounts(servers.dc2, wanted)]);
  home.markReady();
  const handle = describeEngine({
    engine: ENGINE,
    version: `FerretDB ${engine.version}`,
    processes: started.handle,
    servers,
    passwords: accounts,
    database: SHOP_DATABASE,
    monitor: { ...watchDatabase(accounts.probe), target: (address) => ({ addresses: [address] }) },
    findOrders,
  });
  return { ok: true, handle };
}
