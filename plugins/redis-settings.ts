import { ADDRESSES_MAX } from "@evenkeel/contracts/observation";
import { z } from "zod";
import { createAddressSchema } from "./address.ts";
import { HeartbeatCommon, HeartbeatSecret, HeartbeatSettings } from "./heartbeat-settings.ts";
import { createSettings, describeSecret, describeSetting } from "./settings.ts";
import { TLS_MERGED, TLS_SECRET, Tls } from "./tls.ts";

/** Where servers and nodes of clusters listen by default; sentinels take 26379. */
export const REDIS_PORT = 6379;
const NAME_MAX = 100;
const PASSWORD_MAX = 512;
const LONG_NAME = `must have at most ${NAME_MAX} characters`;
/** Names of masters stand in the sentinels' configuration, where they are one word of these. */
const MASTER_NAME = /^[A-Za-z0-9._-]+$/;

/** How applications may read and write; the first is the default. */
export const REDIS_ALGORITHMS = [
  "single-read-write",
  "local-read-async-double-write",
  "single-read-async-double-write",
] as const;
/** How the servers of a target are organised. */
const Mode = z.enum(["normal", "sentinel", "cluster"], "must be normal, sentinel or cluster");

/** Settings that hold in every data centre. */
export const RedisCommon = createSettings({
  algorithm: z
    .enum(REDIS_ALGORITHMS, `must be one of ${REDIS_ALGORITHMS.join(", ")}`)
    .default(REDIS_ALGORITHMS[0])
    .meta(
      describeSetting(
        ["Routing algorithm", "路由算法"],
        [
          "How applications' SDK uses it. With the last two a write is answered by the active data centre and copied to the others; with local-read, reads go to the nearest.",
          "应用 SDK 的读写方式。后两种算法由当前主数据中心应答写入，再异步复制到其他数据中心；local-read 表示就近读取。",
        ],
      ),
    ),
  mode: Mode.default("normal").meta(
    describeSetting(
      ["Mode", "模式"],
      [
        "normal: servers; sentinel: the addresses are sentinels, and the master that they name is monitored; cluster: the addresses are nodes of a Redis cluster.",
        "normal：普通服务器；sentinel：地址为哨兵，监控其给出的主节点；cluster：地址为 Redis 集群节点。",
      ],
    ),
  ),
  ...HeartbeatCommon,
}).refine(({ mode, algorithm }) => mode !== "cluster" || algorithm === REDIS_ALGORITHMS[0], {
  path: ["algorithm"],
  message: `must be ${REDIS_ALGORITHMS[0]}: writes cannot be copied from or to a cluster`,
});

const Name = z.string("must be a name").trim().max(NAME_MAX, LONG_NAME);

/** Settings of one data centre. */
export const RedisTarget = createSettings({
  address: createAddressSchema(REDIS_PORT),
  furtherAddresses: z
    .array(createAddressSchema(REDIS_PORT), "must be a list of addresses")
    .max(ADDRESSES_MAX - 1, `must name at most ${ADDRESSES_MAX - 1} addresses`)
    .refine((addresses) => new Set(addresses).size === addresses.length, "must not name an address twice")
    .optional()
    .meta(
      describeSetting(
        ["Further addresses", "其他地址"],
        [
          "The other sentinels, nodes of the cluster or replicas; each is asked and shown on its own.",
          "其他哨兵、集群节点或副本的地址，逐个探测并显示。",
        ],
      ),
    ),
  user: Name.optional().meta(
    describeSetting(
      ["User", "用户"],
      [
        "The monitor's own account in the server's ACL; empty: the default user.",
        "服务器 ACL 中的监控账号；留空则为默认用户。",
      ],
    ),
  ),
  masterName: Name.regex(MASTER_NAME, "must consist of letters, digits, dots, dashes and underscores")
    .optional()
    .meta(
      describeSetting(
        ["Master's name", "主节点名称"],
        [
          "Mode sentinel: the name under which the sentinels know the master; empty: mymaster.",
          "sentinel 模式：哨兵所监控的主节点名称；留空则为 mymaster。",
        ],
      ),
    ),
  sentinelUser: Name.optional().meta(
    describeSetting(
      ["Sentinels' user", "哨兵用户"],
      [
        "Mode sentinel: the monitor's account in the sentinels' ACL; empty: the default user.",
        "sentinel 模式：哨兵 ACL 中的监控账号；留空则为默认用户。",
      ],
    ),
  ),
  tls: Tls,
});

const Password = z
  .string("must be a text")
  .max(PASSWORD_MAX, `must have at most ${PASSWORD_MAX} characters`)
  .optional();

/** What is sealed. */
export const RedisSecret = createSettings({
  password: Password.meta(
    describeSecret(["Password", "密码"], ["Empty: the server asks for none.", "留空表示免密访问。"]),
  ),
  sentinelPassword: Password.meta(
    describeSecret(
      ["Sentinels' password", "哨兵密码"],
      ["Mode sentinel; empty: the sentinels ask for none.", "sentinel 模式；留空表示哨兵免密访问。"],
    ),
  ),
  ...TLS_SECRET,
  ...HeartbeatSecret,
});

/** All settings of a target, merged, as sessions and judges read them. */
export const RedisSettings = z
  .object({
    mode: Mode.default("normal"),
    address: z.string(),
    furtherAddresses: z.array(z.string()).default([]),
    user: z.string().default(""),
    password: z.string().default(""),
    masterName: z.string().default(""),
    sentinelUser: z.string().default(""),
    sentinelPassword: z.string().default(""),
    ...TLS_MERGED,
    ...HeartbeatSettings,
  })
  .transform(({ address, furtherAddresses, masterName, ...rest }) => ({
    ...rest,
    addresses: [...new Set([address, ...furtherAddresses])],
    masterName: masterName === "" ? "mymaster" : masterName,
  }));
/** See the schema. */
export type RedisSettings = z.infer<typeof RedisSettings>;
