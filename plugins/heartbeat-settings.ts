import { z } from "zod";
import { describeSecret, describeSetting } from "./settings.ts";

/** As long as the longest of the engines takes. */
const NAME_MAX = 64;
const PASSWORD_MAX = 512;
/** MySQL and PostgreSQL measure how long a statement may wait for a lock in whole seconds or in milliseconds. */
const SECOND_MS = 1000;

/** The public setting, the same in every data centre. */
export const HeartbeatCommon = {
  heartbeatUser: z
    .string("must be a name")
    .trim()
    .max(NAME_MAX, `must have at most ${NAME_MAX} characters`)
    .optional()
    .meta(
      describeSetting(
        ["Heartbeat user", "心跳用户"],
        [
          "Optional: an account of its own that may write one row per agent and nothing else. With it writability and the recovery point are measured, on the active side only.",
          "可选：仅可写入心跳行的独立账号。配置后在主用侧探测可写性并测量 RPO。",
        ],
      ),
    ),
};
/** Its password. */
export const HeartbeatSecret = {
  heartbeatPassword: z
    .string("must be a text")
    .max(PASSWORD_MAX, `must have at most ${PASSWORD_MAX} characters`)
    .optional()
    .meta(describeSecret(["Heartbeat password", "心跳密码"])),
};
/** Both, as a session reads them. */
export const HeartbeatSettings = {
  heartbeatUser: z.string().default(""),
  heartbeatPassword: z.string().default(""),
};

/** The setting that is beside the server; see `beside` of plugins. */
export const HEARTBEAT_SETTING = "heartbeatUser";

/**
 * How long a server may let a heartbeat wait for a lock: so long that the agent's own deadline comes first, and so short
 * that given up statements do not heap up.
 *
 * @param accessTimeoutMs the agent's deadline
 * @returns whole seconds, at least one
 */
export function computeLockWaitS(accessTimeoutMs: number): number {
  return Math.max(1, Math.ceil(accessTimeoutMs / SECOND_MS));
}
