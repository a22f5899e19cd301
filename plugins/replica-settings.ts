import { ADDRESSES_MAX } from "@evenkeel/contracts/observation";
import { z } from "zod";
import { createAddressSchema } from "./address.ts";
import { createSettings, describeSetting } from "./settings.ts";
import { createSqlTarget, SqlCommon, SqlSettings } from "./sql-settings.ts";

/** The server itself is one of a target's addresses. */
const REPLICAS_MAX = ADDRESSES_MAX - 1;
/** A replica that is further behind counts as ill, in milliseconds, where the monitor says nothing else. */
const LAG_LIMIT_MS = 10_000;
const LAG_LIMIT_MIN_MS = 100;
const LAG_LIMIT_MAX_MS = 86_400_000;

/** What ill replicas mean for their data centre (ADR 12). */
const Trouble = z.enum(["warn", "degrade"], "must be warn or degrade");

/** Settings about replicas that hold in every data centre. */
const ReplicaCommon = {
  replicaLagLimitMs: z
    .number("must be a number of milliseconds, or null")
    .int("must be a whole number")
    .min(LAG_LIMIT_MIN_MS, `must be at least ${LAG_LIMIT_MIN_MS}`)
    .max(LAG_LIMIT_MAX_MS, `must be at most ${LAG_LIMIT_MAX_MS}`)
    .nullable()
    .optional()
    .meta(
      describeSetting(
        ["Lag limit of replicas (ms)", "副本延迟上限（毫秒）"],
        [
          `A replica that is further behind counts as ill; left out: ${LAG_LIMIT_MS}; null: no limit.`,
          `副本延迟超过此值即视为异常；未填为 ${LAG_LIMIT_MS}；null 表示不限。`,
        ],
      ),
    ),
  replicaTrouble: Trouble.optional().meta(
    describeSetting(
      ["Ill replicas", "副本异常时"],
      [
        "warn (the default): ill replicas are told beside the server, whose verdict stays; degrade: where no replica is well, the data centre is degraded.",
        "warn（默认）：仅提示，不影响主库判定；degrade：所有副本均异常时，该数据中心判为降级。",
      ],
    ),
  ),
};

/** Settings of a SQL kind with replicas that hold in every data centre. */
export const ReplicatedCommon = createSettings({ ...SqlCommon.shape, ...ReplicaCommon });

/**
 * Makes the schema of one data centre of a SQL kind with replicas.
 *
 * @param port the engine's default port
 */
export function createReplicatedTarget(port: number) {
  return createSettings({
    ...createSqlTarget(port).shape,
    replicas: z
      .array(createAddressSchema(port), "must be a list of addresses")
      .max(REPLICAS_MAX, `must name at most ${REPLICAS_MAX} addresses`)
      .refine((addresses) => new Set(addresses).size === addresses.length, "must not name an address twice")
      .optional()
      .meta(
        describeSetting(
          ["Read replicas", "只读副本"],
          [
            "Servers that follow this one, as the agents reach them; each is asked by the same account and shown on its own.",
            "跟随该主库的只读副本地址，使用同一账号逐个探测并显示。",
          ],
        ),
      ),
  }).refine(({ address, replicas }) => replicas?.includes(address) !== true, {
    path: ["replicas"],
    message: "must not name the server itself",
  });
}

/** The names of the settings above: what they say is not about the server that applications write to. */
export const REPLICA_SETTINGS = ["replicas", "replicaLagLimitMs", "replicaTrouble"] as const;

/** Settings of a SQL target with replicas, merged. */
export const ReplicatedSettings = SqlSettings.extend({
  replicas: z.array(z.string()).default([]),
  replicaLagLimitMs: z.number().nullable().default(LAG_LIMIT_MS),
  replicaTrouble: Trouble.default("warn"),
});
/** See the schema. */
export type ReplicatedSettings = z.infer<typeof ReplicatedSettings>;
/** What a judgement reads of them. */
export const ReplicatedSubject = ReplicatedSettings.omit({ password: true, tls: true });
