import { z } from "zod";

/** The name of a data centre of a monitor: `dc1` is the home, then `dc2`, `dc3`, … */
export const DataCentreName = z.string().regex(/^dc[1-9][0-9]?$/, "a data centre is named dc1, dc2, …");
export type DataCentreName = z.infer<typeof DataCentreName>;

/** What an SDK may do in one data centre. `readable` gates only reads that do not go to the active side. */
export const AccessFlags = z.object({ readable: z.boolean(), writable: z.boolean() });
export type AccessFlags = z.infer<typeof AccessFlags>;

/** Decisions before a route's own that the route itself names. */
export const TRAIL_MAX = 8;

/**
 * A route as it stands in etcd: which data centre of a monitor is active, under which epoch.
 *
 * Every change, flags included, is a new `epoch` with a `decision` id; `after` names the decision it replaces [SAFE-1].
 * A reader ignores a lower epoch. `phase: "retired"` is the tombstone of a deleted monitor: SDKs keep serving it.
 */
export const Route = z.object({
  v: z.literal(1),
  epoch: z.number().int().min(1),
  decision: z.string().min(1).max(64),
  after: z.string().min(1).max(64).nullable(),
  /**
   * Decisions before this one, newest first, beginning with `after`: whoever was restored from a backup tells by them
   * that it is merely several decisions behind. Absent in the first route of a monitor.
   */
  trail: z.array(z.string().min(1).max(64)).max(TRAIL_MAX).optional(),
  active: DataCentreName,
  /**
   * People are about to switch to `to`. Whoever can hold new writes does so for `forMs` at most, counted from when it read
   * this route, and tells when what was under way has ended; everybody else goes on. The active side stays what it is and
   * stays writable: if the next route never comes, nothing but that pause was lost.
   */
  announced: z.object({ to: DataCentreName, forMs: z.number().int().min(1).max(60_000) }).optional(),
  phase: z.enum(["stable", "retired"]),
  dataCentres: z.record(DataCentreName, AccessFlags),
  /** The sentence that explains the change, for people. */
  reason: z.string().max(1000),
  /** Rule id or principal that decided. */
  decidedBy: z.string().max(200),
  /** Wall clock of the control plane, for display only. */
  decidedAt: z.string().max(40),
});
export type Route = z.infer<typeof Route>;

/** The liveness mark of a site in its store, written each second under a lease. */
export const Beat = z.object({
  v: z.literal(1),
  /** Who confirmed lately that the routes of this store are the latest: the edge, a peer site, or nobody. */
  confirmedBy: z.enum(["edge", "peer", "none"]),
  /** Counts up by one with each beat of one agent process. */
  count: z.number().int().min(0),
});
export type Beat = z.infer<typeof Beat>;

/** Seconds after which the store drops a beat that is not renewed. */
export const BEAT_LEASE_S = 5;
/** Milliseconds between two beats of a site. */
export const BEAT_INTERVAL_MS = 1000;

/** First part of every key of ours; carries the version of the layout. */
export const KEY_ROOT = "/evenkeel/v1";

/**
 * The etcd prefix of one application: one grant and one watch cover it.
 *
 * @param instance id of the instance
 * @param application id of the application
 * @returns the prefix, with a trailing slash
 */
export function applicationPrefix(instance: string, application: string): string {
  return `${KEY_ROOT}/${instance}/${application}/`;
}

/**
 * The etcd key of one monitor's route.
 *
 * @param instance id of the instance
 * @param application id of the application
 * @param monitor id of the monitor
 * @returns the key
 */
export function routeKey(instance: string, application: string, monitor: string): string {
  return `${applicationPrefix(instance, application)}route/${monitor}`;
}

/**
 * The etcd prefix of the beats of an instance.
 *
 * @param instance id of the instance
 * @returns the prefix, with a trailing slash
 */
export function beatPrefix(instance: string): string {
  return `${KEY_ROOT}/${instance}/beat/`;
}
