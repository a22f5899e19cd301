import { z } from "zod";
import { DataCentreName } from "./route.ts";
import { PublicPoint } from "./told-routes.ts";

/** Data centres that one SDK configuration may name. */
const MAX_SOURCES = 9;

/** A TCP port, also as text, because an environment variable is text. */
const Port = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^[0-9]+$/, "a port is a whole number")
      .transform(Number),
  ])
  .pipe(z.number().int().min(1).max(65_535));

/** One member of etcd: a host name or address, IPv6 in brackets, and a port. */
const ENDPOINT = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$/;
/** Members that a configuration may name. */
const MAX_ENDPOINTS = 16;

function isEndpointList(address: string): boolean {
  const endpoints = address.split(",").map((endpoint) => endpoint.trim());
  return endpoints.length <= MAX_ENDPOINTS && endpoints.every((endpoint) => ENDPOINT.test(endpoint));
}

const Name = z.string().min(1).max(200);

const Path = z.string().min(1).max(4096);

/**
 * Where the routes are. `certificatePath` is the file of the certificate authority that etcd's certificate is signed by;
 * the other two are the client certificate, without a common name, and its key, where etcd asks for one.
 */
export const SdkEtcd = z.strictObject({
  /** `host:port,host:port`, the nearest first. */
  address: z
    .string()
    .max(2000)
    .refine(isEndpointList, `is to be host:port, or up to ${MAX_ENDPOINTS} of them with commas between`),
  apiVersion: z.literal("v3").default("v3"),
  username: Name.optional(),
  password: z.string().max(1000).optional(),
  httpsEnable: z.boolean().default(false),
  certificatePath: Path.optional(),
  clientCertificatePath: Path.optional(),
  clientKeyPath: Path.optional(),
});

/**
 * Splits an endpoint.
 *
 * @param endpoint `host:port`, IPv6 in brackets
 * @returns the host without the brackets, and the port
 */
export function splitEndpoint(endpoint: string): { readonly host: string; readonly port: number } {
  const at = endpoint.lastIndexOf(":");
  return { host: endpoint.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(endpoint.slice(at + 1)) };
}

const Endpoint = z
  .string()
  .trim()
  .regex(ENDPOINT, "is to be host:port")
  .refine((endpoint) => Port.safeParse(splitEndpoint(endpoint).port).success, "has no port from 1 to 65535");

/** How reads are spread over several servers. */
export const LoadBalance = z.enum(["round-robin", "random"]);

/** A server that follows: its address, or what differs from the server that it follows. */
const Replica = z.union([
  Endpoint.transform(splitEndpoint),
  z.strictObject({
    host: z.string().min(1).max(255),
    port: Port,
    database: Name.optional(),
    username: Name.optional(),
    password: z.string().max(1000).optional(),
  }),
]);
/** A server that follows another one and may be read. */
export type SdkReplica = z.infer<typeof Replica>;

/** How the servers of a Redis source are organised. */
const RedisMode = z.enum(["normal", "sentinel", "cluster"]);
/** In the sentinels' own configuration it is one word of these. */
const MASTER_NAME = /^[A-Za-z0-9._-]+$/;
/** What is about sentinels and nothing else. */
const SENTINEL_FIELDS = ["masterName", "sentinelUsername", "sentinelPassword"] as const;

/**
 * One data centre's server: `host` and `port`, or `addresses` (`host:port`) where it has several, such as the members of
 * a replica set or the nodes of a cluster; host and port are the first of them then.
 */
export const SdkSource = z
  .strictObject({
    host: z.string().min(1).max(255).optional(),
    port: Port.optional(),
    addresses: z.array(Endpoint).min(1).max(MAX_ENDPOINTS).optional(),
    /** Servers that follow this one and may be read. */
    replicas: z.array(Replica).max(MAX_ENDPOINTS).optional(),
    /** How reads are spread over them; the router's way if left out. */
    loadBalance: LoadBalance.optional(),
    /** Where it stands, for choosing the nearest one to read from. */
    cloud: Name.optional(),
    region: Name.optional(),
    zones: z.array(Name).max(MAX_ENDPOINTS).optional(),
    database: Name.optional(),
    username: Name.optional(),
    password: z.string().max(1000).optional(),
    /**
     * Of Redis only. `sentinel`: the addresses are sentinels, and the server that they name is used. `cluster`: the
     * addresses are nodes of a cluster, of which some suffice. One server, as `normal`, if left out.
     */
    mode: RedisMode.optional(),
    /** The name under which the sentinels know the server that writes; `mymaster` if left out, as their own example has it. */
    masterName: Name.regex(
      MASTER_NAME,
      "is to consist of letters, digits, dots, dashes and underscores",
    ).optional(),
    /** The application's account at the sentinels, which is none of the servers'. */
    sentinelUsername: Name.optional(),
    sentinelPassword: z.string().max(1000).optional(),
  })
  .transform(({ host, port, addresses, ...rest }, context) => {
    for (const field of SENTINEL_FIELDS) {
      if (rest[field] === undefined || rest.mode === "sentinel") continue;
      context.addIssue({ code: "custom", path: [field], message: "is for `mode: sentinel`; leave it out" });
    }
    const [first] = addresses ?? [];
    const one = first === undefined ? { host, port } : splitEndpoint(first);
    const parsed = Port.safeParse(one.port);
    const isDoubled = first !== undefined && (host !== undefined || port !== undefined);
    if (one.host === undefined || !parsed.success || isDoubled) {
      const field = first !== undefined ? "addresses" : host === undefined ? "host" : "port";
      const message = "host and port are wanted, or addresses instead of them";
      context.addIssue({ code: "custom", path: [field], message });
      return z.NEVER;
    }
    return { ...rest, host: one.host, port: parsed.data, ...(addresses === undefined ? {} : { addresses }) };
  });
/** One data centre's server. */
export type SdkSource = z.infer<typeof SdkSource>;

/**
 * Who is asked for the routes while etcd does not tell them: the agents of the site, each known by its key, then the
 * control plane with an API token that may read.
 */
export const SdkFallback = z.strictObject({
  agents: z
    .array(z.strictObject({ address: Endpoint, key: PublicPoint }))
    .max(MAX_ENDPOINTS)
    .default([]),
  controlPlane: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional(),
  /** Left empty, the control plane is not asked. */
  token: z.string().max(1000).optional(),
});
/** See above. */
export type SdkFallback = z.infer<typeof SdkFallback>;

/** What a queue may be set to hold for one data centre at most. */
const ENTRIES_MAX = 10_000_000;
const BYTES_MAX = 16 * 1024 * 1024 * 1024;
const CLOSE_WITHIN_MS_MAX = 600_000;

/** How the writes of a source whose data centres are written doubly wait for being copied. */
export const CopySettings = z
  .strictObject({
    /** `memory`: what waits is lost with the process. `disk`: it is also kept in files, and sent by the next process. */
    queue: z.enum(["memory", "disk"]).default("memory"),
    /** Writes that may wait for one data centre, and their bytes. */
    maxEntries: z.number().int().min(1).max(ENTRIES_MAX).default(100_000),
    maxBytes: z
      .number()
      .int()
      .min(1024)
      .max(BYTES_MAX)
      .default(64 * 1024 * 1024),
    /** Where the files are. Each process needs a directory of its own. */
    directory: Path.optional(),
    /**
     * When what was written is brought onto the disk itself, so that it outlives a power cut. With `every-second` and
     * `never` it outlives the death of the process all the same.
     */
    fsync: z.enum(["always", "every-second", "never"]).default("every-second"),
    /** When the queue is full: the oldest copies are given up, or new writes are refused. */
    overflow: z.enum(["drop-oldest", "refuse-writes"]).default("drop-oldest"),
    /** Milliseconds for which closing the source waits for what can still be copied. */
    closeWithinMs: z.number().int().min(0).max(CLOSE_WITHIN_MS_MAX).default(2000),
  })
  .refine(({ queue, directory }) => queue === "memory" || directory !== undefined, {
    path: ["directory"],
    message: "is needed for a queue on disk",
  });
/** See above, with its defaults. */
export type CopySettings = z.infer<typeof CopySettings>;

/** Milliseconds by which a read beside the active side may be behind, where that is bounded. */
export const MaxStalenessMs = z.number().int().min(500).max(86_400_000);
/** Milliseconds for which new work that may write waits at most for a planned switch. */
export const HoldMs = z.number().int().min(0).max(60_000);

/** Algorithms by which a write is answered by the active data centre and copied to the others after that. */
const DOUBLE_WRITE = ["local-read-async-double-write", "single-read-async-double-write"] as const;
/** Where reads and writes go; `router.algorithm` below says what each means. */
export const RoutingAlgorithm = z.enum(["single-read-write", "single-write-local-read", ...DOUBLE_WRITE]);
/** See above. */
export type RoutingAlgorithm = z.infer<typeof RoutingAlgorithm>;

/** Tells whether writes are copied to the data centres that are not active. */
export function writesDoubly(algorithm: RoutingAlgorithm): boolean {
  return DOUBLE_WRITE.some((each) => each === algorithm);
}

/** Tells whether reads go to the nearest data centre. */
export function readsLocally(algorithm: RoutingAlgorithm): boolean {
  return algorithm === "single-write-local-read" || algorithm === "local-read-async-double-write";
}

/**
 * The configuration of the SDK for one monitor, as the console hands it out in YAML.
 *
 * Without `etcd` the SDK works locally: `router.active` is active for good. With `etcd` only the route there counts, and
 * `router.active` is never used instead of it.
 */
export const SdkConfig = z
  .strictObject({
    props: z.strictObject({
      version: z.literal("v1"),
      instanceId: Name,
      appId: Name,
      monitorId: Name,
      databaseName: Name.optional(),
      /** Says that all passwords here are enciphered; a function that deciphers them is to be passed in the code then. */
      decipherClassName: Name.optional(),
      /** Where the process stands, for choosing the nearest data centre to read from. */
      cloud: Name.optional(),
      region: Name.optional(),
      zone: Name.optional(),
    }),
    etcd: SdkEtcd.optional(),
    fallback: SdkFallback.optional(),
    sources: z
      .record(DataCentreName, SdkSource)
      .refine((sources) => Object.keys(sources).length > 0, "at least one data centre is needed")
      .refine((sources) => Object.keys(sources).length <= MAX_SOURCES, `at most ${MAX_SOURCES} data centres`),
    router: z.strictObject({
      active: DataCentreName,
      /**
       * `single-read-write`: everything goes to the active data centre. `single-write-local-read`: reads outside of
       * transactions go to the nearest one that may be read, which may lag behind. With Redis also
       * `single-read-async-double-write`: as the first, and writes are copied to the other data centres after they were
       * answered; `local-read-async-double-write`: the same with reads from the nearest.
       */
      algorithm: RoutingAlgorithm,
      /** The data centre nearest to this process; by `cloud`, `region` and `zone` if left out. */
      nearest: DataCentreName.optional(),
      /** How copies wait, where writes are doubled. */
      copies: CopySettings.optional(),
      /** How reads outside of transactions are spread over a data centre's `replicas`, where it has some. */
      loadBalance: LoadBalance.default("round-robin"),
      /**
       * `available`: the last route holds while the store is away. `strict`: this process writes only while it is sure that
       * its route is the latest, and not before that at its start. It is the SDK's half of the promise that no two data
       * centres ever take writes at one time.
       */
      protection: z.enum(["available", "strict"]).default("available"),
      /**
       * Milliseconds by which a read beside the active side may be behind at most: a server of which that is not certain is
       * not read from, and the active side answers. No bound if left out. Measured for MySQL and MariaDB by GTIDs and for
       * PostgreSQL's physical standbys; what follows in another way cannot be measured and is not read from then.
       */
      maxStalenessMs: MaxStalenessMs.optional(),
      /**
       * Milliseconds for which new work that may write waits at most when a planned switch has closed the active side for
       * writes, instead of being refused; then it goes on where it may. 0: it is refused at once, because a side may also
       * be closed for good, and how long its callers can wait only the application knows.
       */
      holdMs: HoldMs.default(0),
      retry: z
        .strictObject({
          /** How often a call that was not sent yet is tried again. */
          times: z.number().int().min(0).max(100).default(3),
          /** Milliseconds before each of these tries. */
          delayMs: z.number().int().min(0).max(60_000).default(50),
        })
        .default({ times: 3, delayMs: 50 }),
    }),
  })
  .refine(
    ({ props, router }) =>
      !readsLocally(router.algorithm) || props.cloud !== undefined || router.nearest !== undefined,
    {
      path: ["props", "cloud"],
      message: "is needed for reads from the nearest: where this process stands, with region and zone",
    },
  )
  .refine(({ sources, router }) => router.nearest === undefined || sources[router.nearest] !== undefined, {
    path: ["router", "nearest"],
    message: "names a data centre that `sources` does not have",
  })
  .refine(({ fallback, etcd }) => fallback === undefined || etcd !== undefined, {
    path: ["fallback"],
    message: "stands in for an etcd that does not answer; leave it out where there is none",
  })
  .refine(({ router }) => router.copies === undefined || writesDoubly(router.algorithm), {
    path: ["router", "copies"],
    message: "is for the algorithms that write doubly; leave it out",
  })
  .refine(({ etcd, router }) => router.protection === "available" || etcd !== undefined, {
    path: ["router", "protection"],
    message: "is to be available where there is no etcd: without a store nobody confirms a route",
  })
  .refine((config) => config.sources[config.router.active] !== undefined, {
    path: ["router", "active"],
    message: "names a data centre that `sources` does not have",
  });
/** The configuration of the SDK for one monitor, checked and with its defaults. */
export type SdkConfig = z.infer<typeof SdkConfig>;
/** The configuration as it is written. */
export type SdkConfigInput = z.input<typeof SdkConfig>;

/** Fields whose value must never stand in a message. */
export const SDK_SECRET_FIELDS: ReadonlySet<string> = new Set(["password", "sentinelPassword", "token"]);
