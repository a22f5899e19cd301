import { type SdkConfigInput, writesDoubly } from "@evenkeel/contracts/sdk-config";
import { ConfigError } from "../errors.ts";
import { Databases, Redis } from "./devspore-layout.ts";
import {
  convertCommon,
  type Problems,
  readAlgorithm,
  readPlace,
  type Sources,
  text,
} from "./devspore-parts.ts";
import type { Variables } from "./interpolate.ts";
import { readRedis } from "./read-devspore-redis.ts";
import { readServer } from "./read-server.ts";

type Router = SdkConfigInput["router"];
const LOAD_BALANCES = { RANDOM: "random", ROUND_ROBIN: "round-robin" } as const;

/**
 * Reads the layouts of MAS and devspore as they are: `props, etcd, sources|datasource, router` for databases and
 * `props, etcd, redis, routeAlgorithm, active` for Redis (Go SDK of huaweicloud/devcloud-go). Pools, weights and fault
 * injection (`chaos`) are not taken over.
 *
 * @param document a parsed document, its placeholders filled
 * @param variables where the instance's id stands if the document has none
 * @returns the configuration, not checked yet; the document itself if it is of another layout
 * @throws ConfigError with what cannot be taken over, by its path in the document
 */
export function readDevspore(document: unknown, variables: Variables): unknown {
  if (typeof document !== "object" || document === null) return document;
  const isRedis = Reflect.has(document, "redis");
  const router: unknown = Reflect.get(document, "router");
  const isDatabase = typeof router === "object" && router !== null && "nodes" in router;
  if (!isRedis && !isDatabase) return document;
  const parsed = (isRedis ? Redis : Databases).safeParse(document, { reportInput: false });
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));
  }
  const problems: Problems = [];
  const config = isRedis
    ? convertRedis(parsed.data as Redis, variables, problems)
    : convertDatabases(parsed.data as Databases, variables, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function convertDatabases(found: Databases, variables: Variables, problems: Problems): SdkConfigInput {
  const { router } = found;
  const field = found.datasource === undefined ? "sources" : "datasource";
  const servers = found[field] ?? {};
  const read = (name: string, path: string) => {
    const server = servers[name];
    if (server === undefined) problems.push(`${path}: names ${name}, which ${field} does not have`);
    return server === undefined ? null : readServer(server, `${field}.${name}`, problems);
  };
  const sources: Sources = {};
  for (const [name, node] of Object.entries(router.nodes)) {
    const path = `router.nodes.${name}`;
    const master = read(node.master, `${path}.master`);
    const replicas = (node.slaves ?? []).flatMap((slave) => read(slave, `${path}.slaves`) ?? []);
    const balance = text(node.loadBalance);
    const loadBalance = balance === null ? undefined : Reflect.get(LOAD_BALANCES, balance.toUpperCase());
    if (balance !== null && loadBalance === undefined)
      problems.push(`${path}.loadBalance: is to be RANDOM or ROUND_ROBIN`);
    const server = servers[node.master];
    sources[name] = {
      ...master,
      ...readPlace({ ...server, azs: node.azs ?? server?.azs }),
      ...(replicas.length === 0 ? {} : { replicas }),
      ...(loadBalance === undefined ? {} : { loadBalance }),
    };
  }
  const retry = { times: text(router.retry?.times), delay: text(router.retry?.delay) };
  return {
    ...convertCommon(found, sources, variables, problems),
    router: {
      ...{ active: text(router.active) ?? "", algorithm: readAlgorithm(router, "router.", problems) },
      retry: {
        ...(retry.times === null ? {} : { times: Number(retry.times) }),
        ...(retry.delay === null ? {} : { delayMs: Number(retry.delay) }),
      },
    },
  };
}

function convertRedis(found: Redis, variables: Variables, problems: Problems): SdkConfigInput {
  const { username, password, servers } = found.redis;
  const sources: Sources = {};
  for (const [name, server] of Object.entries(servers)) {
    const account = { username, password: text(server.password) ?? password };
    const read = readRedis(server, account, `redis.servers.${name}`, problems);
    sources[name] = { ...read, ...readPlace(server) };
  }
  const algorithm = readAlgorithm(found, "", problems);
  const nearest = text(found.redis.nearest);
  return {
    ...convertCommon(found, sources, variables, problems),
    router: {
      active: text(found.active) ?? "",
      algorithm,
      ...(nearest === null ? {} : { nearest }),
      ...(writesDoubly(algorithm) ? { copies: convertCopies(found.redis) } : {}),
    },
  };
}

/** Their queue on disk needs a directory; ours has to be one that no other process uses. */
function convertCopies({ asyncRemotePool: pool }: Redis["redis"]): NonNullable<Router["copies"]> {
  const directory = text(pool?.persistDir);
  const size = text(pool?.taskQueueSize);
  return {
    ...(pool?.persist === true ? { queue: "disk" } : {}),
    ...(directory === null ? {} : { directory }),
    ...(size === null ? {} : { maxEntries: Number(size) }),
  };
}
