import { z } from "zod";
import { applicationPrefix, KEY_ROOT } from "./route.ts";

/**
 * Processes of applications, as their SDKs register them in the route store: who is there, and which route each follows.
 * Nothing is decided by it; it tells people whether a switch has arrived.
 */

/** Seconds after which the store drops a process that does not renew its registration. */
export const PROCESS_LEASE_S = 60;
/** Processes of one application that are told of; more are left out. */
export const PROCESSES_MAX = 400;
/** Characters of a record at most; what is longer is none of ours. */
export const PROCESS_RECORD_MAX = 16_384;
/** Monitors that one process follows at most: those of an instance. */
const MONITORS_MAX = 100;

/** The route that a process follows. */
export const FollowedRoute = z.object({
  epoch: z.number().int().min(1),
  decision: z.string().min(1).max(64),
  /** Connections to the monitor's servers that were in use, in any data centre; a minute old at most. */
  connections: z.number().int().min(0).optional(),
  /** Milliseconds for which its sources hold new writes when a switch is announced; absent or 0: they do not. */
  holdMs: z.number().int().min(0).optional(),
  /** The route announces a switch, and whatever was under way when it came has ended in all of its sources. */
  isDrained: z.boolean().optional(),
});
export type FollowedRoute = z.infer<typeof FollowedRoute>;

/** What a process registers under its key. */
export const ProcessRecord = z.object({
  v: z.literal(1),
  host: z.string().min(1).max(253),
  pid: z.number().int().min(0),
  /** Name and version of its SDK. */
  sdk: z.string().min(1).max(60),
  /** Wall clock of the process when it began to follow, ISO 8601, for display only. */
  startedAt: z.string().max(40),
  /** By monitor. Where several data sources of the process follow one monitor, the one that is furthest behind. */
  routes: z
    .record(z.string().max(64), FollowedRoute)
    .refine((routes) => Object.keys(routes).length <= MONITORS_MAX, `at most ${MONITORS_MAX} monitors`),
});
export type ProcessRecord = z.infer<typeof ProcessRecord>;

/** A process as people see it. */
export const ProcessView = ProcessRecord.omit({ v: true }).extend({
  id: z.string(),
  applicationId: z.string(),
});
export type ProcessView = z.infer<typeof ProcessView>;

const ID = "[A-Za-z0-9_-]{1,64}";
const REST_OF_KEY = new RegExp(`^(${ID})/process/(${ID})$`);

/**
 * The etcd key of a process.
 *
 * @param instance id of the instance
 * @param application id of the application
 * @param id id of the process: letters, digits, `-` and `_`
 * @returns the key
 */
export function processKey(instance: string, application: string, id: string): string {
  return `${processPrefix(instance, application)}${id}`;
}

/**
 * The etcd prefix of an application's processes: all that its SDK may write.
 *
 * @param instance id of the instance
 * @param application id of the application
 * @returns the prefix, with a trailing slash
 */
export function processPrefix(instance: string, application: string): string {
  return `${applicationPrefix(instance, application)}process/`;
}

/**
 * Reads the key of a process.
 *
 * @param instance id of the instance
 * @param key any key
 * @returns null if it is not the key of a process of this instance
 */
export function parseProcessKey(
  instance: string,
  key: string,
): { readonly applicationId: string; readonly id: string } | null {
  const prefix = `${KEY_ROOT}/${instance}/`;
  if (!key.startsWith(prefix)) return null;
  const [, applicationId, id] = REST_OF_KEY.exec(key.slice(prefix.length)) ?? [];
  return applicationId === undefined || id === undefined ? null : { applicationId, id };
}
