import type { BatchCommand, SwitchCommand } from "@evenkeel/contracts/command";
import { Route, routeKey, TRAIL_MAX } from "@evenkeel/contracts/route";
import type { SettledCommand } from "@evenkeel/core/arbitration/state";
import { APPLICATION, INSTANCE } from "./installation.ts";
import type { World } from "./world.ts";

/** What people order, and what must never come of it [SAFE-7]. */

/**
 * Orders a switch.
 *
 * @param world the world
 * @param monitorId the monitor
 * @param command the order; `expectedEpoch` is what the person saw, by default the present epoch
 * @returns the answers that came at once
 */
export function orderSwitch(
  world: World,
  monitorId: string,
  command: Pick<SwitchCommand, "to" | "idempotencyKey"> & Partial<SwitchCommand>,
): readonly SettledCommand[] {
  const before = world.instance.row(monitorId);
  const expectedEpoch = command.expectedEpoch ?? before?.route.epoch ?? 1;
  const order: SwitchCommand = { force: false, ...command, expectedEpoch };
  const replies = world.instance.command(monitorId, { type: "switch", command: order });
  const known = before?.remembered.some((one) => one.key === order.idempotencyKey) === true;
  for (const { reply, idempotencyKey } of replies) {
    if (idempotencyKey !== order.idempotencyKey || known || !reply.ok || reply.result.status === "joined")
      continue;
    if (before !== null && before.route.epoch !== expectedEpoch)
      world.fail("SAFE-7", `a command for epoch ${expectedEpoch} was obeyed at ${before.route.epoch}`);
  }
  return replies;
}

/**
 * Orders a switch of all monitors at once.
 *
 * @param world the world
 * @param to where all are to go
 * @param order what else the order says
 */
export function orderBatch(
  world: World,
  to: string,
  order: Pick<BatchCommand, "idempotencyKey"> & Partial<BatchCommand>,
): readonly SettledCommand[] {
  const members = world.plan().monitors.flatMap(({ id }) => {
    const row = world.instance.row(id);
    return row === null ? [] : [{ monitorId: id, to, expectedEpoch: row.route.epoch }];
  });
  if (members.length === 0) return [];
  return world.instance.batch({ force: false, skipBlocked: false, members, ...order });
}

/**
 * A person writes the next epoch into the stores by hand, as the break-glass instructions say: read what the stores
 * hold, go on from the highest epoch.
 *
 * @param world the world
 * @param monitorId the monitor
 * @param active where it is to go
 * @returns the route that was written; null: no store holds one yet
 */
export function breakGlass(world: World, monitorId: string, active: string): Route | null {
  const key = routeKey(INSTANCE, APPLICATION, monitorId);
  const held = world.stores.flatMap((store) => {
    const entry = store.entry(key);
    return entry === null ? [] : [{ store, route: Route.parse(JSON.parse(entry.value)) }];
  });
  const [latest] = held.map((one) => one.route).sort((a, b) => b.epoch - a.epoch);
  if (latest === undefined) return null;
  const next: Route = {
    ...latest,
    epoch: latest.epoch + 1,
    decision: `bg-${latest.epoch}-${Math.round(world.timeline.now())}`,
    after: latest.decision,
    trail: [latest.decision, ...(latest.trail ?? [])].slice(0, TRAIL_MAX),
    active,
    decidedBy: "operator:break-glass",
  };
  for (const { store, route } of held) {
    if (route.decision === latest.decision) store.write(key, JSON.stringify(next));
  }
  return next;
}
