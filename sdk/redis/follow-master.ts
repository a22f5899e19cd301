import { connect as connectPlainly, Socket } from "node:net";
import { type ConnectionOptions, connect as connectSecurely } from "node:tls";
import { AbstractConnector, type Redis, type RedisOptions } from "ioredis";
import type { SideRequest } from "../switching/create-sides.ts";
import { openSentinels, type Sentinels, type ServerAddress } from "./ask-sentinels.ts";
import { SERVER_SETTINGS } from "./connection-settings.ts";

/** What ioredis says of a connection that it was told to end. */
const CLOSED = "Connection is closed.";

/** Leads the connections of one side to the server that its sentinels name. */
export interface MasterFollower {
  /** What ioredis is to connect with. */
  readonly Connector: NonNullable<RedisOptions["Connector"]>;
  /** Asks the sentinels again, and has ioredis connect anew where they name another server. It never rejects. */
  verify(redis: Redis): Promise<void>;
  close(): void;
}

/** What the connectors of one side share. */
interface Following {
  readonly sentinels: Sentinels;
  readonly tls: ConnectionOptions | undefined;
  /** Where each connection leads. */
  readonly leadsTo: WeakMap<object, ServerAddress>;
}

/**
 * Follows the master of a data centre. Whichever server the sentinels name is taken, also one that says that it is a
 * replica: it may follow the other data centre's, and takes writes once somebody has promoted it.
 *
 * @param request the data centre and its sentinels
 * @param tls of the connections to sentinels and servers; undefined: none
 * @param onSwitched called when a sentinel says that another server is the master now
 */
export function followMaster(
  { source, connectTimeoutMs }: Pick<SideRequest, "source" | "connectTimeoutMs">,
  tls: ConnectionOptions | undefined,
  onSwitched: () => void,
): MasterFollower {
  const sentinels = openSentinels(source, tls, connectTimeoutMs, onSwitched);
  const following: Following = { sentinels, tls, leadsTo: new WeakMap() };
  return {
    Connector: createConnector(following),
    async verify(redis) {
      const now = following.leadsTo.get(redis.stream);
      // Nobody knows better while no sentinel answers.
      const named = await sentinels.findMaster().catch(() => now);
      if (redis.status !== "ready" || following.leadsTo.get(redis.stream) !== now) return;
      if (named?.host !== now?.host || named?.port !== now?.port) redis.disconnect(true);
    },
    close: sentinels.close,
  };
}

function createConnector(following: Following): MasterFollower["Connector"] {
  const { sentinels, tls, leadsTo } = following;
  return class extends AbstractConnector {
    constructor() {
      super(SERVER_SETTINGS.disconnectTimeout);
    }

    async connect(): Promise<Socket> {
      this.connecting = true;
      const found = await sentinels.findMaster().catch((error: Error) => error);
      // It was given up meanwhile.
      if (!this.connecting) throw new Error(CLOSED);
      const stream =
        found instanceof Error
          ? brokenOff()
          : tls === undefined
            ? connectPlainly(found)
            : connectSecurely({ ...tls, ...found });
      if (found instanceof Error) this.firstError = found;
      else leadsTo.set(stream, found);
      stream.once("error", (error) => {
        this.firstError = error;
      });
      this.stream = stream;
      return stream;
    }
  };
}

/** What ioredis takes for an attempt that failed, after which it tries again as it is set to. */
function brokenOff(): Socket {
  return new Socket().destroy();
}
