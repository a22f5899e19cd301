import type { Plan } from "@evenkeel/contracts/plan";

/** A plan may take away so many monitors without being confirmed. */
const REMOVED_FREELY = 2;

/**
 * Holds back a plan that takes away more than anybody asked for: a lost or restored catalogue must not empty an
 * instance [SAFE-9].
 *
 * @param before the plan that holds
 * @param after the plan that is to hold
 * @param confirmedBy id of the request that asked for a removal; null: nobody did
 * @returns why it is held back; null: it may take effect
 */
export function findUnconfirmedRemoval(before: Plan, after: Plan, confirmedBy: string | null): string | null {
  if (confirmedBy !== null) return null;
  const sites = listMissing(before.sites, after.sites);
  if (sites.length > 0) return `it drops the site ${sites.join(", ")}`;
  const stores = listMissing(before.stores, after.stores);
  if (stores.length > 0) return `it drops the route store ${stores.join(", ")}`;
  const monitors = listMissing(before.monitors, after.monitors);
  const isMost = monitors.length * 2 > before.monitors.length;
  if (monitors.length <= REMOVED_FREELY || !isMost) return null;
  return `it drops ${monitors.length} of ${before.monitors.length} monitors`;
}

function listMissing(
  before: readonly { readonly id: string; readonly name?: string | undefined }[],
  after: readonly { readonly id: string }[],
): string[] {
  const kept = new Set(after.map((one) => one.id));
  return before.filter((one) => !kept.has(one.id)).map((one) => one.name ?? one.id);
}
