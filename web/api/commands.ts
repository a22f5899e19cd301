import {
  type AccessCommand,
  type ArmCommand,
  type BatchCommand,
  BatchResult,
  CommandResult,
  type SwitchCommand,
} from "@evenkeel/contracts/command";
import { instancePath } from "./instances.ts";
import { type Answer, askApi } from "./request.ts";

/** A command as a person confirmed it. */
export type Order =
  | { readonly type: "switch"; readonly body: SwitchCommand }
  | { readonly type: "switch-back"; readonly body: SwitchCommand }
  | { readonly type: "access"; readonly body: AccessCommand }
  | { readonly type: "arm"; readonly body: ArmCommand };

const KEY_BYTES = 16;

/**
 * Sends a command.
 *
 * @param instanceId the instance
 * @param monitorId the monitor
 * @param order the command
 * @returns what it came to, or why it was refused
 */
export function sendOrder(
  instanceId: string,
  monitorId: string,
  order: Order,
): Promise<Answer<CommandResult>> {
  const path = instancePath(instanceId, `/monitors/${encodeURIComponent(monitorId)}/${order.type}`);
  return askApi({ method: "POST", path, body: order.body, answer: CommandResult });
}

/**
 * Sends a batch.
 *
 * @param instanceId the instance
 * @param body the monitors with their targets, and the epochs that the person saw
 * @returns what became of each monitor, or why nobody was asked
 */
export function sendBatch(instanceId: string, body: BatchCommand): Promise<Answer<BatchResult>> {
  return askApi({ method: "POST", path: instancePath(instanceId, "/switches"), body, answer: BatchResult });
}

/**
 * Makes an idempotency key. `crypto.randomUUID` exists only on HTTPS pages, and a control plane may stand on a plain one.
 *
 * @returns 32 hexadecimal digits
 */
export function makeIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
