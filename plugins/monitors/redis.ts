import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { readAddress } from "../address.ts";
import { DATABASE_TIMING } from "../default-timing.ts";
import { HEARTBEAT_SETTING } from "../heartbeat-settings.ts";
import { judgeAddresses } from "../judge-addresses.ts";
import { judgeRedisCluster } from "../judge-redis-cluster.ts";
import { judgeRedisSentinels } from "../judge-redis-sentinels.ts";
import { judgeRedisServer } from "../judge-redis-server.ts";
import { keepAddresses } from "../keep-addresses.ts";
import { REDIS_HEARTBEAT_RIGHTS, redisHeartbeat } from "../redis-heartbeat.ts";
import {
  NODE_MEANINGS,
  NODE_RIGHTS,
  REDIS_MEANINGS,
  SENTINEL_RIGHTS,
  SERVER_RIGHTS,
} from "../redis-meanings.ts";
import { openSentinels } from "../redis-sentinels.ts";
import { ASK_NODE, ASK_SERVER, openRedisServer } from "../redis-server.ts";
import {
  REDIS_ALGORITHMS,
  REDIS_PORT,
  RedisCommon,
  RedisSecret,
  RedisSettings,
  RedisTarget,
} from "../redis-settings.ts";
import { renderSdkCode } from "../sdk-code.ts";

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = RedisSettings.parse(raw);
  if (settings.mode === "sentinel") return openSentinels(settings, context);
  const isCluster = settings.mode === "cluster";
  const question = isCluster ? ASK_NODE : ASK_SERVER;
  return keepAddresses(
    context,
    settings.addresses,
    (address, own) => openRedisServer(settings, address, own, question),
    isCluster ? NODE_MEANINGS : REDIS_MEANINGS,
  );
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  const settings = RedisSettings.parse(raw);
  const { mode, addresses, user } = settings;
  switch (mode) {
    case "sentinel":
      return judgeRedisSentinels(outcome, settings);
    case "cluster":
      return judgeRedisCluster(outcome, addresses, user);
    case "normal":
      return judgeAddresses(outcome, addresses, (one, address) =>
        judgeRedisServer(one, { address, user, meanings: REDIS_MEANINGS }),
      );
  }
}

const account = (rights: string, user = "evenkeel_probe") =>
  `ACL SETUSER ${user} on >… resetkeys resetchannels ${rights}`;

/** Redis, Valkey and what speaks their protocol: servers, masters that sentinels watch, and clusters. */
export const redis: MonitorPlugin = {
  kind: "redis",
  title: { en: "Redis", "zh-CN": "Redis" },
  defaultPort: REDIS_PORT,
  switchable: true,
  hasRoute: true,
  sdk: {
    algorithms: REDIS_ALGORITHMS,
    readsReplicas: true,
    measuresStaleness: false,
    driver: "ioredis",
    code: renderSdkCode({
      entry: "redis",
      opener: "openRedis",
      gives: "client",
      ask: `const item = await client.get(\`order:\${id}\`);`,
    }),
  },
  masService: "dcs",
  defaults: DATABASE_TIMING,
  common: RedisCommon,
  target: RedisTarget,
  // Only the SDK of applications minds the algorithm.
  beside: [HEARTBEAT_SETTING, "algorithm"],
  secret: RedisSecret,
  account: `${account(`-@all ${SERVER_RIGHTS}`)}
# each node of a cluster
${account(`-@all ${NODE_RIGHTS}`)}
# each sentinel that has accounts, beside the account of the servers
${account(`-@all ${SENTINEL_RIGHTS}`)}
# optional, for heartbeats (mode normal): an account of its own that writes one key per agent, on the active side only
${account(REDIS_HEARTBEAT_RIGHTS, "evenkeel_heartbeat")}`,
  proof:
    "Servers, three sentinels that fail over from a killed master, and a cluster of six nodes that loses replicas, masters and slots were proven against Redis 7.0.15; TLS with client certificates against one server.",
  codes: REDIS_MEANINGS,
  example: {
    common: { algorithm: "single-read-write", mode: "normal" },
    target: { address: `192.0.2.10:${REDIS_PORT}`, user: "evenkeel_probe" },
    secret: { password: "example-password" },
  },
  open,
  source(raw) {
    const { mode, addresses, user, masterName, sentinelUser } = RedisSettings.parse(raw);
    const [first = ""] = addresses;
    const source = { ...readAddress(first), databases: [], hasUser: user !== "" };
    if (mode === "normal") return { ...source, replicas: addresses.slice(1) };
    const sentinel = { masterName, hasUser: sentinelUser !== "" };
    return { ...source, addresses, mode, ...(mode === "sentinel" ? { sentinel } : {}) };
  },
  heartbeat: redisHeartbeat,
  judge,
};
