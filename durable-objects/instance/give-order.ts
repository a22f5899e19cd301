import { renderPrincipal } from "@evenkeel/contracts/principal";
import type { ArbitrationEvent, Reply, SettledCommand } from "@evenkeel/core/arbitration/state";
import type { Arbiter } from "./arbiter.ts";
import { renderRunning } from "./render-running.ts";
import type { GivenOrder } from "./rpc.ts";
import type { Waiters } from "./waiters.ts";

/** A command whose last word is waited for. */
export type AwaitedCommand = Pick<SettledCommand, "monitorId" | "idempotencyKey">;

/**
 * Names a command for those who wait for its end.
 *
 * @param command monitor and idempotency key
 */
export function nameCommand({ monitorId, idempotencyKey }: AwaitedCommand): string {
  return `${monitorId} ${idempotencyKey}`;
}

/**
 * Gives an order in one turn, with its audit, and waits until every monitor that it names has its last word, or the
 * caller's patience is over.
 *
 * @param parts the arbiter, which has a plan, and the waits for settled commands
 * @param event the order
 * @param order who gives it and how it is audited
 * @param awaited the monitors that answer it
 * @returns an answer for each of them, in their order: the last word, or how far it has come
 */
export async function giveOrder(
  parts: { readonly arbiter: Arbiter; readonly waiters: Waiters<SettledCommand> },
  event: ArbitrationEvent,
  order: GivenOrder,
  awaited: readonly AwaitedCommand[],
): Promise<Reply[]> {
  const { arbiter, waiters } = parts;
  const { action, resource, after, source, caller, waitMs } = order;
  const keys = awaited.map(nameCommand);
  const answered = keys.map((key) => waiters.wait(key, waitMs));
  const audit = { atMs: Date.now(), principal: renderPrincipal(caller), action, resource, after, source };
  const replies = arbiter.turn(event, { audit: [audit] });
  const first = new Map(replies.map((reply) => [nameCommand(reply), reply]));
  const last = await Promise.all(
    keys.map(async (key, index) => (first.get(key)?.final === true ? first.get(key) : answered[index])),
  );
  return awaited.flatMap(({ monitorId }, index) => {
    const soFar = renderRunning(arbiter.state(), monitorId) ?? first.get(keys[index] ?? "")?.reply;
    const reply = last[index]?.reply ?? soFar;
    return reply === undefined ? [] : [reply];
  });
}
