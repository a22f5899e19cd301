import { ALL_ENGINES } from "../engines/lab-engines.ts";
import type { OrderEvent } from "../shop/shop-event.ts";
import type { Lab } from "../start-lab.ts";

/** Orders of the time before the fault that are looked for afterwards, in milliseconds. */
const WRITES_BEFORE_MS = 5000;

/** Acknowledged writes that cannot be found any more. */
export interface LostWrites {
  /** On neither side. */
  readonly acknowledgedWritesLost: number;
  /** Not on the side that is active now: asynchronous replication still owed them. */
  readonly notReplicated: number;
}

/**
 * Looks for the acknowledged orders of the time around a fault, after both sides are back.
 *
 * @param lab the lab
 * @param engine the drilled engine; one without orders has lost none
 * @param orders orders of the run
 * @param active data centre that is active now
 * @param faultAtMs when the fault struck
 */
export async function countLost(
  lab: Lab,
  engine: string,
  orders: readonly OrderEvent[],
  active: string,
  faultAtMs: number,
): Promise<LostWrites> {
  const name = ALL_ENGINES.find((candidate) => candidate === engine);
  const handle = name === undefined ? undefined : lab.engines.get(name);
  if (handle === undefined) return { acknowledgedWritesLost: 0, notReplicated: 0 };
  const ids = orders
    .filter((order) => order.acknowledged && order.atMs > faultAtMs - WRITES_BEFORE_MS)
    .map((order) => order.id);
  const [dc1, dc2] = await Promise.all([handle.holdsOrders("dc1", ids), handle.holdsOrders("dc2", ids)]);
  const onActive = active === "dc2" ? dc2 : dc1;
  return {
    acknowledgedWritesLost: ids.filter((id) => !dc1.has(id) && !dc2.has(id)).length,
    notReplicated: ids.filter((id) => !onActive.has(id)).length,
  };
}
