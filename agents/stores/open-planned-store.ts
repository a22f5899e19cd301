import type { PlannedStore } from "@evenkeel/contracts/plan";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import { openRouteStore } from "@evenkeel/route-store/open-route-store";
import { withoutRecipients } from "../unseal.ts";
import type { StoreSecret } from "./store-secret.ts";

/**
 * Opens a store as the plan and its secret say.
 *
 * @param planned the store of the plan
 * @param secret what was sealed of it
 */
export function openPlannedStore(planned: PlannedStore, { password, clientKeyPem }: StoreSecret): RouteStore {
  const { caPem, clientCertPem } = planned;
  // The key of a certificate that was taken out of the plan may still be sealed beside the password.
  const own =
    clientCertPem == null || clientKeyPem === undefined ? {} : { cert: clientCertPem, key: clientKeyPem };
  const tls = { ...(caPem === null ? {} : { ca: caPem }), ...own };
  return openRouteStore({
    endpoints: planned.endpoints,
    ...(planned.user === null ? {} : { user: planned.user }),
    ...(password === undefined ? {} : { password }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  });
}

/**
 * Renders what a store is opened from: a secret that another agent was given too is no reason to open it anew.
 *
 * @param planned the store
 * @returns the same text for the same origin
 */
export function renderOrigin(planned: PlannedStore): string {
  return JSON.stringify({ ...planned, sealed: withoutRecipients(planned.sealed) });
}
