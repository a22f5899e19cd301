import { z } from "zod";

/** Servers and nodes that are read at most; the configuration made of them has limits of its own. */
const ENTRIES_MAX = 200;

/** A field that holds a text: YAML makes `key:` without a value null. */
export const Text = z.union([z.string(), z.number(), z.null()]).optional();
/** The part of this name. */
export const Props = z.looseObject({
  instanceId: Text,
  appId: Text,
  monitorId: Text,
  databaseName: Text,
  cloud: Text,
  region: Text,
  azs: Text,
  decipherClassName: Text,
});
/** The part of this name. */
export const Etcd = z.looseObject({
  ...{ address: Text, apiVersion: Text, username: Text, password: Text },
  httpsEnable: z.boolean().optional(),
  certificatePath: Text,
});
const Server = z.looseObject({
  ...{ url: Text, jdbcUrl: Text, server: Text, schema: Text, username: Text, password: Text },
  ...{ cloud: Text, region: Text, azs: Text },
});
const Node = z.looseObject({
  master: z.string(),
  loadBalance: Text,
  slaves: z.array(z.string()).max(ENTRIES_MAX).nullish(),
  azs: Text,
});
const Retry = z.looseObject({ times: Text, delay: Text });
const RedisServer = z.looseObject({
  hosts: z.string(),
  ...{ password: Text, type: Text, cloud: Text, region: Text, azs: Text },
  // Additions of ours: the layouts that could be found have none for sentinels.
  ...{ masterName: Text, sentinelUsername: Text, sentinelPassword: Text },
});
/** One server of the layout for Redis. */
export type RedisServer = z.infer<typeof RedisServer>;

const bounded = <Value extends z.ZodType>(value: Value) =>
  z
    .record(z.string(), value)
    .refine((entries) => Object.keys(entries).length <= ENTRIES_MAX, `has more than ${ENTRIES_MAX} entries`);

/** The layout for databases: named servers, and nodes that name them. */
export const Databases = z.looseObject({
  props: Props.nullish(),
  etcd: Etcd.nullish(),
  datasource: bounded(Server).optional(),
  sources: bounded(Server).optional(),
  router: z.looseObject({ active: Text, routeAlgorithm: Text, retry: Retry.nullish(), nodes: bounded(Node) }),
});
/** How copies wait where data centres are written doubly; threads and retries of copies are not taken over. */
const AsyncRemotePool = z.looseObject({
  persist: z.boolean().nullish(),
  persistDir: Text,
  taskQueueSize: Text,
});

/** The layout for Redis. */
export const Redis = z.looseObject({
  props: Props.nullish(),
  etcd: Etcd.nullish(),
  redis: z.looseObject({
    ...{ username: Text, password: Text, nearest: Text },
    servers: bounded(RedisServer),
    asyncRemotePool: AsyncRemotePool.nullish(),
  }),
  routeAlgorithm: Text,
  active: Text,
});
/** See above. */
export type Databases = z.infer<typeof Databases>;
/** See above. */
export type Redis = z.infer<typeof Redis>;
