import { ApplicationView, InstanceView } from "@evenkeel/contracts/api";
import { InstanceEvent } from "@evenkeel/contracts/event";
import { Explanation, LiveView } from "@evenkeel/contracts/live";
import { z } from "zod";
import { type Answer, askApi } from "./request.ts";

const Instances = z.object({ items: z.array(InstanceView) });
const Applications = z.object({ items: z.array(ApplicationView) });
const Events = z.object({ items: z.array(InstanceEvent) });

/** An instance as lists show it. */
export type Instance = z.infer<typeof InstanceView>;
/** Events that one page of history holds. */
const EVENTS_PER_PAGE = 200;
/** A picture that takes longer than this, in milliseconds, counts as none: the next attempt is better. */
const LIVE_TIMEOUT_MS = 4_000;

/** Path of an instance, or of something below it, under the API's root. */
export function instancePath(instanceId: string, rest = ""): string {
  return `/instances/${encodeURIComponent(instanceId)}${rest}`;
}

/** Lists the instances that the person may see. */
export function fetchInstances(): Promise<Answer<z.infer<typeof Instances>>> {
  return askApi({ method: "GET", path: "/instances", answer: Instances });
}

/**
 * Lists the applications of an instance, for their names.
 *
 * @param instanceId the instance
 */
export function fetchApplications(instanceId: string): Promise<Answer<z.infer<typeof Applications>>> {
  return askApi({ method: "GET", path: instancePath(instanceId, "/applications"), answer: Applications });
}

/**
 * Gets the present picture of an instance.
 *
 * @param instanceId the instance
 */
export function fetchLive(instanceId: string): Promise<Answer<LiveView>> {
  return askApi({
    method: "GET",
    path: instancePath(instanceId, "/live"),
    answer: LiveView,
    timeoutMs: LIVE_TIMEOUT_MS,
  });
}

/**
 * Asks what would happen to a monitor if its active data centre, or that one's site, died now.
 *
 * @param instanceId the instance
 * @param monitorId the monitor
 */
export function fetchExplanation(instanceId: string, monitorId: string): Promise<Answer<Explanation>> {
  const path = instancePath(instanceId, `/monitors/${encodeURIComponent(monitorId)}/explain`);
  return askApi({ method: "GET", path, answer: Explanation, timeoutMs: LIVE_TIMEOUT_MS });
}

/**
 * Gets the latest events of an instance, newest first; more than the live picture carries.
 *
 * @param instanceId the instance
 * @param monitorId only events of this monitor; null: all
 */
export function fetchEvents(
  instanceId: string,
  monitorId: string | null,
): Promise<Answer<z.infer<typeof Events>>> {
  const only = monitorId === null ? "" : `&monitorId=${encodeURIComponent(monitorId)}`;
  const path = instancePath(instanceId, `/events?limit=${EVENTS_PER_PAGE}${only}`);
  return askApi({ method: "GET", path, answer: Events });
}
