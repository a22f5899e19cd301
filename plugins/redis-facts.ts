import type { TargetFacts } from "@evenkeel/contracts/observation";
import { createError } from "./keep-connection.ts";
import { encodeCommands, isRespError } from "./resp.ts";
import type { Exchange } from "./resp-exchange.ts";

const COMMANDS = [
  ["INFO", "server"],
  ["INFO", "replication"],
];
/** Redis tells how long it has not heard of its master in whole seconds. */
const SECOND_MS = 1000;

/**
 * Finds out what a Redis server is. A right that is missing fails the probe before, which names it.
 *
 * @param exchange asks it
 */
export async function inspectRedis(exchange: Exchange): Promise<TargetFacts> {
  const replies = await exchange(encodeCommands(COMMANDS), COMMANDS.length);
  const text = replies.map((reply) => {
    if (isRespError(reply)) throw createError(reply.code, reply.message);
    return String(reply);
  });
  const read = (name: string) => new RegExp(`^${name}:(.*)$`, "m").exec(text.join("\n"))?.[1]?.trim() ?? null;
  const role = read("role");
  const silence = Number(read("master_last_io_seconds_ago") ?? Number.NaN);
  return {
    version: read("redis_version") === null ? null : `Redis ${read("redis_version")}`,
    role: role === "slave" ? `replica of ${read("master_host")}:${read("master_port")}` : role,
    lagMs: role === "slave" && silence >= 0 ? silence * SECOND_MS : null,
    missing: [],
  };
}
