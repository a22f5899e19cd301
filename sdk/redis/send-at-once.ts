import { Redis } from "ioredis";
import { READ_COMMANDS } from "../double-write/judge-command.ts";
import type { Switchboard } from "../switching/switchboard.ts";
import type { RedisSide } from "./redis-side.ts";
import type { Method } from "./send-once-ready.ts";

/**
 * Makes a method of the client for a command that goes to the active side and nowhere else. All that a call costs beside
 * ioredis itself is to look whether that side may take it now; whatever is not plain sailing goes the long way.
 *
 * @param board knows the active side
 * @param name of the method
 * @param command in lower case
 * @param sendLong the long way
 */
export function sendAtOnce(
  board: Switchboard<RedisSide>,
  name: string,
  command: string,
  sendLong: Method,
): Method {
  // Found once: to find it by its name costs as much as all the rest.
  const method = Reflect.get(Redis.prototype, name) as Method;
  const isRead = READ_COMMANDS.has(command);
  return (...args) => {
    const side = board.active;
    if (side === null || side.redis.status !== "ready") return sendLong(...args);
    // A cluster looks at each command first.
    if (side.refuse !== undefined) return sendLong(...args);
    if (!isRead && (side.readOnly || board.hold.isOn)) return sendLong(...args);
    return Reflect.apply(method, side.redis, args);
  };
}
