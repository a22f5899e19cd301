import { z } from "zod";
import { Because } from "./event.ts";
import { DataCentreName } from "./route.ts";

const IdempotencyKey = z.string().min(8).max(100);
const Reason = z.string().trim().min(1).max(500);
const expectedEpoch = z.number().int().min(1);

/**
 * Switch or switch back: always to a named data centre, against the epoch that the caller saw [SAFE-7].
 * `force` overrides health, lag, evidence, budgets, holds and windows; it takes a reason.
 */
export const SwitchCommand = z
  .object({
    to: DataCentreName,
    expectedEpoch,
    idempotencyKey: IdempotencyKey,
    force: z.boolean().default(false),
    reason: Reason.optional(),
  })
  .refine((command) => !command.force || command.reason !== undefined, {
    path: ["reason"],
    message: "force needs a reason",
  });
export type SwitchCommand = z.infer<typeof SwitchCommand>;

/** Sets what SDKs may do in one data centre; obeyed at once. */
export const AccessCommand = z.object({
  dataCentre: DataCentreName,
  readable: z.boolean(),
  writable: z.boolean(),
  expectedEpoch,
  idempotencyKey: IdempotencyKey,
  reason: Reason.optional(),
});
export type AccessCommand = z.infer<typeof AccessCommand>;

/** Arms the automatic switch by hand before the waiting time after a switch back is over. */
export const ArmCommand = z.object({ expectedEpoch, idempotencyKey: IdempotencyKey, reason: Reason });
export type ArmCommand = z.infer<typeof ArmCommand>;

/** What an operator's command came to. */
export const CommandResult = z.object({
  monitorId: z.string(),
  /** `done`: every reachable store has it; `running`: accepted, not yet there; `joined`: the same switch runs already. */
  status: z.enum(["done", "running", "joined", "unchanged"]),
  epoch: z.number().int(),
  decision: z.string(),
  active: DataCentreName,
  because: Because,
});
export type CommandResult = z.infer<typeof CommandResult>;

/** Why a command was refused; the code is one of contracts/errors.ts. */
export const CommandRefusal = z.object({
  monitorId: z.string(),
  code: z.enum([
    "state-changed",
    "switch-in-progress",
    "switch-blocked",
    "not-switchable",
    "not-found",
    "invalid-input",
    "no-agent",
  ]),
  because: Because,
  epoch: z.number().int().nullable(),
});
export type CommandRefusal = z.infer<typeof CommandRefusal>;
