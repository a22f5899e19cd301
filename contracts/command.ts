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

/** Monitors that one batch may move: all that an instance may have. */
export const BATCH_MAX = 1000;

/**
 * One key for many monitors: all of an application, or all that a lost site leaves behind. All are prechecked together;
 * one blocker and nothing moves, unless blocked ones are to be skipped or everything is forced.
 */
export const BatchCommand = z
  .object({
    members: z
      .array(z.object({ monitorId: z.string().min(1).max(64), to: DataCentreName, expectedEpoch }))
      .min(1)
      .max(BATCH_MAX),
    idempotencyKey: IdempotencyKey,
    force: z.boolean().default(false),
    /** Moves those that can be moved and leaves the blocked ones where they are. */
    skipBlocked: z.boolean().default(false),
    reason: Reason.optional(),
  })
  .refine((command) => !command.force || command.reason !== undefined, {
    path: ["reason"],
    message: "force needs a reason",
  })
  .refine((command) => new Set(command.members.map((one) => one.monitorId)).size === command.members.length, {
    path: ["members"],
    message: "a monitor can stand in a batch only once",
  });
export type BatchCommand = z.infer<typeof BatchCommand>;

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

/** What became of one member of a batch. */
export const BatchMemberResult = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), result: CommandResult }),
  z.object({ ok: z.literal(false), refusal: CommandRefusal }),
]);
export type BatchMemberResult = z.infer<typeof BatchMemberResult>;

/** What became of a batch, member by member, in the order in which they were given. */
export const BatchResult = z.object({ members: z.array(BatchMemberResult).max(BATCH_MAX) });
export type BatchResult = z.infer<typeof BatchResult>;
