import type { EndpointChoice } from "./endpoint-choice.ts";
import type { EndpointConnection } from "./gateway.ts";
import type { Endpoint } from "./options.ts";
import type { OnStoreEvent } from "./store-event.ts";

/** The store's members, and what is known about them. */
export interface Members {
  readonly endpoints: readonly Endpoint[];
  readonly connections: readonly EndpointConnection[];
  readonly choice: EndpointChoice;
  readonly onEvent: OnStoreEvent;
  /** Aborted when the owner closes the store. */
  readonly closing: AbortSignal;
}

/**
 * Notes that an endpoint answered.
 *
 * @param members the members
 * @param index which one
 */
export function noteSuccess(members: Members, index: number): void {
  const recovered = members.choice.succeeded(index);
  const endpoint = members.endpoints[index]?.name ?? "";
  if (recovered) members.onEvent({ type: "endpoint-recovered", endpoint });
}

/**
 * Notes that an endpoint failed, so that the next calls prefer others.
 *
 * @param members the members
 * @param index which one
 * @param message why, for the event
 */
export function noteFailure(members: Members, index: number, message: string): void {
  const firstTime = members.choice.failed(index, performance.now());
  const endpoint = members.endpoints[index]?.name ?? "";
  if (firstTime) members.onEvent({ type: "endpoint-failed", endpoint, message });
}
