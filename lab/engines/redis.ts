import { createHash } from "node:crypto";
import { join } from "node:path";
import { LAB_HOST } from "../processes/ports.ts";
import type { ProcessSpec } from "../processes/process-spec.ts";
import type { FoundProgram } from "../setup/programs.ts";
import {
  ADMIN_USER,
  APP_USER,
  chunkIds,
  type DataCentre,
  describeEngine,
  type EngineRequest,
  type EngineResult,
  type EngineUser,
  PROBE_USER,
  startBoth,
} from "./engine-handle.ts";
import { makePrivateFolder, openHome, writePrivateFile } from "./engine-home.ts";
import { useRedis } from "./redis-connection.ts";
import { type LabSecrets, loadSecrets } from "./secrets.ts";

const ENGINE = "redis";

/** What stands before an order's id in its key. */
export const ORDER_KEY_PREFIX = "order:";

interface RedisServer extends EngineUser {
  readonly host: string;
  readonly port: number;
}

/** The server's settings: an append-only file written through once a second, as most people run it. */
function serverSettings(folder: string, port: number): string {
  return `# Written by the lab at every start.
bind ${LAB_HOST}
port ${port}
dir "${folder}"
aclfile "${join(folder, "users.acl")}"
daemonize no
save ""
appendonly yes
appendfsync everysec
repl-diskless-sync-delay 0
`;
}

/**
 * The accounts, with hashes in place of passwords. The shop may do everything to its orders but manage the server;
 * clients ask INFO and ROLE when they connect. The probe sees the server and one key of its own.
 */
function accessRules({ passwords }: LabSecrets): string {
  const hash = (password: string): string => `#${createHash("sha256").update(password).digest("hex")}`;
  return [
    // Nobody can log in as it. Its rights are those with which the server replays its append-only file: without them Redis
    // 7.0 leaves out every transaction in it and says so in its log only (redis issue 14541).
    "user default off resetpass ~* &* +@all",
    `user ${ADMIN_USER} on ${hash(passwords["redis-admin"])} ~* &* +@all`,
    `user ${APP_USER} on ${hash(passwords["redis-app"])} ~${ORDER_KEY_PREFIX}* &* +@all -@admin -@dangerous +info +role`,
    `user ${PROBE_USER} on ${hash(passwords["redis-probe"])} ~mas:probe* resetchannels -@all +ping +info +role +get`,
    "",
  ].join("\n");
}

function serverProcess(
  program: FoundProgram,
  server: RedisServer,
  dataCentre: DataCentre,
  settings: string,
): ProcessSpec {
  return {
    name: `${ENGINE}-${dataCentre}`,
    role: "database",
    site: dataCentre,
    command: program.path,
    args: [settings],
    ports: [{ port: server.port, wantedBy: `Redis in ${dataCentre}` }],
    // While the data is being read Redis answers PING with LOADING, which the driver throws.
    isReady: async () => await useRedis(server, async (redis) => (await redis.ping()) === "PONG"),
  };
}

/** Asks one server which of the given orders it holds. */
async function findOrders(server: RedisServer, ids: readonly string[]): Promise<ReadonlySet<string>> {
  return await useRedis(server, async (redis) => {
    const held = new Set<string>();
    for (const chunk of chunkIds(ids)) {
      const values = await redis.mget(chunk.map((id) => `${ORDER_KEY_PREFIX}${id}`));
      for (const [at, id] of chunk.entries()) if (values[at] !== null) held.add(id);
    }
    return held;
  });
}

/**
 * Starts Redis in dc1 and dc2: two servers that know nothing of each other. The data of an earlier start is used again.
 * @returns the servers once both answer, or why that did not come about
 */
export async function startRedis(request: EngineRequest): Promise<EngineResult> {
  const { stateDir, ports, program, supervisor } = request;
  const secrets = loadSecrets(stateDir);
  const home = openHome(join(stateDir, ENGINE), secrets.labId);
  const login = { host: LAB_HOST, user: ADMIN_USER, password: secrets.passwords["redis-admin"] };
  const servers = {
    dc1: { ...login, port: ports["redis-dc1"] },
    dc2: { ...login, port: ports["redis-dc2"] },
  };
  const start = async (dataCentre: DataCentre) => {
    const folder = join(home.dir, dataCentre);
    const settings = join(folder, "redis.conf");
    makePrivateFolder(folder);
    writePrivateFile(settings, serverSettings(folder, servers[dataCentre].port));
    writePrivateFile(join(folder, "users.acl"), accessRules(secrets));
    return await supervisor.spawnProcess(serverProcess(program, servers[dataCentre], dataCentre, settings));
  };
  const started = await startBoth({ dc1: start("dc1"), dc2: start("dc2") });
  if (!started.ok) return started;
  home.markReady();

  const handle = describeEngine({
    engine: ENGINE,
    version: program.version,
    processes: started.handle,
    servers,
    passwords: { app: secrets.passwords["redis-app"], probe: secrets.passwords["redis-probe"] },
    monitor: {
      common: {},
      target: (address) => ({ address, user: PROBE_USER }),
      secret: { password: secrets.passwords["redis-probe"] },
    },
    findOrders,
  });
  return { ok: true, handle };
}
