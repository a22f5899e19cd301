import type { HeartbeatPlugin } from "@evenkeel/contracts/heartbeat-plugin";
import { judgeFailure } from "./judge-failure.ts";
import { createError } from "./keep-connection.ts";
import { keepHeartbeat } from "./keep-heartbeat.ts";
import type { Meanings } from "./meaning.ts";
import { isRedisCode, REDIS_MEANINGS } from "./redis-meanings.ts";
import { connectRedis } from "./redis-server.ts";
import { RedisSettings } from "./redis-settings.ts";
import { encodeCommands, isRespError, type RespReply } from "./resp.ts";

const KEY = "evenkeel:probe:";

/** The rights of the heartbeat account. */
export const REDIS_HEARTBEAT_RIGHTS = `~${KEY}* -@all +get +set`;

/** What codes mean where a heartbeat is answered with them. */
const HEARTBEAT_MEANINGS: Meanings = {
  ...REDIS_MEANINGS,
  NOPERM: {
    verdict: "config",
    reason: "permission-denied",
    advice: `ACL SETUSER {user} ${REDIS_HEARTBEAT_RIGHTS}`,
  },
  NOREPLICAS: {
    verdict: "degraded",
    reason: "incomplete",
    advice: "fewer replicas follow than min-replicas-to-write asks for: bring them back",
  },
};

/** Redis' heartbeats: of single servers, because which node holds a key of a cluster moves. */
export const redisHeartbeat: HeartbeatPlugin = {
  isWanted(raw) {
    const { heartbeatUser, mode } = RedisSettings.parse(raw);
    return heartbeatUser !== "" && mode === "normal";
  },
  open(raw, context, source) {
    const settings = RedisSettings.parse(raw);
    const { heartbeatUser: user, heartbeatPassword: password } = settings;
    const [address = ""] = settings.addresses;
    return keepHeartbeat(context, async (line) => {
      const exchange = await connectRedis({ ...settings, user, password }, address, line, context);
      const ask = async (...command: string[]): Promise<RespReply | undefined> => {
        const [reply] = await exchange(encodeCommands([command]), 1);
        if (isRespError(reply)) throw createError(reply.code, reply.message);
        return reply;
      };
      return {
        // Whether it may write shows only when it does: Redis tells that to administrators alone.
        check: () => ask("GET", `${KEY}${source}`),
        write: (seq) => ask("SET", `${KEY}${source}`, String(seq)),
        async read() {
          const held = Number((await ask("GET", `${KEY}${source}`)) ?? Number.NaN);
          return Number.isSafeInteger(held) ? held : null;
        },
      };
    });
  },
  judge(outcome, raw) {
    const { addresses, heartbeatUser: user } = RedisSettings.parse(raw);
    const [address = ""] = addresses;
    return judgeFailure(outcome, { address, user, meanings: HEARTBEAT_MEANINGS, isEngineCode: isRedisCode });
  },
};
