import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { type OpenRouteStoreOptions, openRouteStore } from "@evenkeel/route-store/open-route-store";
import { ConfigError } from "../errors.ts";
import type { WriteArbiter } from "../switching/write-arbiter.ts";
import { createAskElsewhere } from "./ask-elsewhere.ts";
import { type Registration, registerProcess } from "./register-process.ts";
import { followRoutes, type RouteFollower } from "./route-follower.ts";
import { keepWriteLease, type WriteLease } from "./write-lease.ts";

/** How the routes of an application are followed. */
export interface FollowOptions {
  /** Milliseconds to wait for the store at the start before the snapshot is used. Default 5000. */
  readonly startHoldMs?: number;
  /**
   * File with the last known routes, for a start without the store; `false` keeps none. By default it stands in a
   * directory of this user under the system's temporary directory.
   */
  readonly snapshotFile?: string | false;
  /** Milliseconds for one call to the store. */
  readonly storeDeadlineMs?: number;
}

const DEFAULT_START_HOLD_MS = 5000;

interface Shared {
  readonly follower: RouteFollower;
  readonly registration: Registration;
  /** The lease of `strict`; null as long as no data source asks for it. */
  writeLease: WriteLease | null;
  users: number;
}

const shared = new Map<string, Shared>();

/** A follower, and how to give it back. */
export interface Lease {
  readonly follower: RouteFollower;
  /** Where this process tells which routes it follows. */
  readonly registration: Registration;
  /** @returns who says whether this process may write, where a data source is `strict` */
  writeLease(): WriteArbiter;
  /** The last one to give it back ends the registration and closes the connections. */
  release(): Promise<void>;
}

/**
 * Borrows the follower of an application: all data sources of one process share one watch.
 *
 * @param config a configuration with `etcd`
 * @param options only the first borrower's count
 * @returns the follower
 * @throws ConfigError if a certificate or key cannot be read
 */
export function borrowFollower(config: SdkConfig, options: FollowOptions): Lease {
  const { etcd, props } = config;
  if (etcd === undefined) throw new Error("a local configuration has no follower");
  const identity = JSON.stringify([etcd, config.fallback, props.instanceId, props.appId]);
  const standing: Shared = shared.get(identity) ?? { ...open(config, options), writeLease: null, users: 0 };
  standing.users += 1;
  shared.set(identity, standing);
  let released = false;
  const { follower, registration } = standing;
  return {
    follower,
    registration,
    writeLease() {
      standing.writeLease ??= keepWriteLease(follower);
      return standing.writeLease;
    },
    async release() {
      if (released) return;
      released = true;
      standing.users -= 1;
      if (standing.users > 0) return;
      shared.delete(identity);
      standing.writeLease?.close();
      await registration.end();
      follower.close();
    },
  };
}

function open(config: SdkConfig, options: FollowOptions): Pick<Shared, "follower" | "registration"> {
  const place = {
    store: openRouteStore(storeOptions(config, options)),
    instance: config.props.instanceId,
    application: config.props.appId,
  };
  const follower = followRoutes({
    ...place,
    startHoldMs: options.startHoldMs ?? DEFAULT_START_HOLD_MS,
    snapshot: snapshotOf(config, options),
    askElsewhere: createAskElsewhere(config),
  });
  return { follower, registration: registerProcess(place) };
}

function storeOptions(config: SdkConfig, options: FollowOptions): OpenRouteStoreOptions {
  const { etcd } = config;
  if (etcd === undefined) throw new Error("a local configuration has no store");
  return {
    endpoints: etcd.address.split(",").map((address) => address.trim()),
    ...(etcd.username === undefined ? {} : { user: etcd.username, password: etcd.password ?? "" }),
    ...(etcd.httpsEnable ? { tls: readTls(etcd) } : {}),
    ...(options.storeDeadlineMs === undefined ? {} : { deadlineMs: options.storeDeadlineMs }),
  };
}

function readTls(etcd: NonNullable<SdkConfig["etcd"]>): NonNullable<OpenRouteStoreOptions["tls"]> {
  const { certificatePath, clientCertificatePath, clientKeyPath } = etcd;
  if ((clientCertificatePath === undefined) !== (clientKeyPath === undefined))
    throw new ConfigError(["etcd: clientCertificatePath and clientKeyPath go together; set both or none"]);
  return {
    ...(certificatePath === undefined ? {} : { ca: readPem("certificatePath", certificatePath) }),
    ...(clientCertificatePath === undefined
      ? {}
      : { cert: readPem("clientCertificatePath", clientCertificatePath) }),
    ...(clientKeyPath === undefined ? {} : { key: readPem("clientKeyPath", clientKeyPath) }),
  };
}

function readPem(field: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new ConfigError([`etcd.${field}: the file ${path} cannot be read (${why})`]);
  }
}

function snapshotOf(config: SdkConfig, options: FollowOptions): { path: string; key: string } | null {
  if (options.snapshotFile === false) return null;
  const { props, etcd } = config;
  const id = createHash("sha256")
    .update(JSON.stringify([etcd?.address, props.instanceId, props.appId]))
    .digest("hex")
    .slice(0, 16);
  const directory = join(tmpdir(), `evenkeel-${userInfo().uid}`);
  return { path: options.snapshotFile ?? join(directory, `routes-${id}.json`), key: etcd?.password ?? "" };
}
