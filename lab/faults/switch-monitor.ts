import { randomUUID } from "node:crypto";
import { CommandResult } from "@evenkeel/contracts/command";
import type { LiveMonitor } from "@evenkeel/contracts/live";
import type { z } from "zod";
import type { Lab } from "../start-lab.ts";

/** What a switch by hand takes of the lab. */
export type SwitchingLab = Pick<Lab, "api" | "arrangement">;

/**
 * Switches a monitor as an operator does: against the epoch that was seen.
 *
 * @param lab the lab
 * @param monitor the monitor as it was seen
 * @param to data centre
 * @param force reason to override health and time limits; null: a plain switch
 * @throws ApiRefusal with the blocker
 */
export async function switchMonitor(
  lab: SwitchingLab,
  monitor: Pick<LiveMonitor, "id" | "epoch" | "home">,
  to: string,
  force: string | null,
): Promise<z.infer<typeof CommandResult>> {
  const verb = to === monitor.home ? "switch-back" : "switch";
  const path = `/instances/${lab.arrangement.instanceId}/monitors/${monitor.id}/${verb}`;
  const more = force === null ? {} : { force: true, reason: force };
  const body = { to, expectedEpoch: monitor.epoch, idempotencyKey: randomUUID(), ...more };
  return lab.api.send("POST", path, body, CommandResult);
}

/**
 * Arms a monitor's automatic switch by hand.
 *
 * @param lab the lab
 * @param monitor the monitor as it was seen
 * @param reason why
 */
export async function armMonitor(
  lab: SwitchingLab,
  monitor: Pick<LiveMonitor, "id" | "epoch">,
  reason: string,
): Promise<void> {
  const path = `/instances/${lab.arrangement.instanceId}/monitors/${monitor.id}/arm`;
  const body = { expectedEpoch: monitor.epoch, idempotencyKey: randomUUID(), reason };
  await lab.api.send("POST", path, body, CommandResult);
}

/**
 * Makes a data centre readable and writable again, as a person does after a switch back.
 *
 * @param lab the lab
 * @param monitor the monitor as it was seen
 * @param dataCentre the data centre
 */
export async function openAccess(
  lab: SwitchingLab,
  monitor: Pick<LiveMonitor, "id" | "epoch">,
  dataCentre: string,
): Promise<void> {
  const path = `/instances/${lab.arrangement.instanceId}/monitors/${monitor.id}/access`;
  const flags = { dataCentre, readable: true, writable: true };
  const body = { ...flags, expectedEpoch: monitor.epoch, idempotencyKey: randomUUID() };
  await lab.api.send("POST", path, body, CommandResult);
}
