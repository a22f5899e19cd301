import { splitEndpoint } from "@evenkeel/contracts/sdk-config";
import { Cluster, type ClusterOptions } from "ioredis";
import { listAddresses } from "../config/list-addresses.ts";
import { ClosedError } from "../errors.ts";
import type { SideRequest } from "../switching/create-sides.ts";
import type { Waiting } from "../switching/side.ts";
import { checkCluster } from "./check-cluster.ts";
import { DISCARDED } from "./check-server.ts";
import { type ClusterCalls, type Unsent, watchCalls } from "./cluster-calls.ts";
import { reconnectAfterMs, SERVER_SETTINGS } from "./connection-settings.ts";
import { createDrainTimers } from "./drain-timers.ts";
import type { RedisDriverOptions, RedisSide } from "./redis-side.ts";
import { READ_ONLY, type Resender } from "./resend-refused.ts";
import { refuseWholeData } from "./several-nodes.ts";

/** Milliseconds that one node may take to tell which node serves what. */
const SLOTS_WITHIN_MS = 1000;

/** As ioredis says it, so that what was not sent is tried again. */
const createLostError = (): Error => new Error("Connection is closed.");

interface Opened {
  readonly cluster: Cluster;
  readonly calls: ClusterCalls;
  /** Why something could not be connected to last. */
  lastError: Error | null;
}

/**
 * Opens the client of one data centre's cluster, with a connection to each of its masters.
 *
 * @param request the data centre and some of the cluster's nodes
 * @param driver settings of the application for ioredis
 * @param resender sends again what reached no node; undefined: it is rejected
 * @returns the side
 */
export function createClusterSide(
  request: SideRequest,
  driver: RedisDriverOptions,
  resender?: Resender,
): RedisSide {
  const drains = createDrainTimers();
  // A read that a server for reads does not answer goes to the active side, which is not this one's matter.
  const taker = request.isReader ? undefined : resender;
  let opened = open(request, driver, taker);
  const replace = (createError: () => Error, unsent: Unsent): void => {
    const old = opened;
    old.calls.giveUp(createError, unsent);
    opened = open(request, driver, taker);
    side.redis = opened.cluster;
    // The next turn is early enough for what nobody waits for.
    setImmediate(() => discard(old));
  };
  const side: RedisSide = {
    ...{ dataCentre: request.dataCentre, readOnly: request.readOnly },
    ...{ redis: opened.cluster, waiting: new Set<Waiting>(), refuse: refuseWholeData },
    busy: () => opened.calls.count(),
    noteUse: () => noteCalls(opened.calls),
    abandon: (createError) => replace(createError, "goes-on"),
    drain(createError, drainMs) {
      const draining = opened;
      const hasEnded = noteCalls(draining.calls);
      drains.add(drainMs, () => {
        if (opened === draining && !hasEnded()) replace(createError, "goes-on");
      });
    },
    check() {
      const checked = opened;
      return check(checked, request, () => {
        // Beginning anew from the configured addresses is sure to come to an end.
        if (opened === checked) replace(createLostError, "waits");
      });
    },
    close() {
      drains.clear();
      opened.calls.giveUp(() => new ClosedError(), "is-rejected");
      discard(opened);
    },
  };
  return side;
}

function noteCalls({ mark }: ClusterCalls): () => boolean {
  const isStanding = mark();
  return () => isStanding === null || !isStanding();
}

function check(opened: Opened, { connectTimeoutMs }: SideRequest, onLost: () => void): Promise<void> {
  const { cluster } = opened;
  return checkCluster({ cluster, timeoutMs: connectTimeoutMs, lastError: () => opened.lastError, onLost });
}

function open(request: SideRequest, driver: RedisDriverOptions, resender: Resender | undefined): Opened {
  const nodes = listAddresses(request.source).map(splitEndpoint);
  const cluster = new Cluster(nodes, settingsOf(request, driver));
  const opened: Opened = { cluster, calls: watchCalls(cluster, resender), lastError: null };
  // Every call that waits for it listens.
  cluster.setMaxListeners(0);
  const keepError = (error: Error): void => {
    opened.lastError = error;
  };
  cluster.on("error", keepError);
  cluster.on("node error", keepError);
  cluster.on("-node", request.onBroken);
  cluster.on("close", request.onBroken);
  return opened;
}

/** As ioredis wants it of those who say nothing of the form of answers. */
type Settings = Omit<ClusterOptions, "redisOptions"> & {
  readonly redisOptions: Omit<NonNullable<ClusterOptions["redisOptions"]>, "replyMapping">;
};

function settingsOf(request: SideRequest, driver: RedisDriverOptions): Settings {
  const { username, password } = request.source;
  const { keyPrefix, enableAutoPipelining, ...ofNodes } = driver;
  return {
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    ...(enableAutoPipelining === undefined ? {} : { enableAutoPipelining }),
    clusterRetryStrategy: reconnectAfterMs,
    // What was sent to a node that was lost may have been done; and what was not is sent again by us.
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: Math.min(SLOTS_WITHIN_MS, request.connectTimeoutMs),
    // Names are looked up when a node is connected to, so that certificates are compared with them.
    dnsLookup: (name, done) => done(null, name),
    redisOptions: {
      ...ofNodes,
      ...SERVER_SETTINGS,
      connectTimeout: request.connectTimeoutMs,
      reconnectOnError(error) {
        if (error.message.startsWith(READ_ONLY)) request.onReadOnly();
        return false;
      },
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    },
  };
}

/** `disconnect` waits for the nodes to close too, which a hung one never does. */
function discard({ cluster }: Opened): void {
  const nodes = cluster.nodes();
  cluster.removeAllListeners("-node");
  cluster.disconnect();
  // A node that was never used has no stream.
  for (const { stream } of nodes) stream?.destroy();
  cluster.emit(DISCARDED);
}
