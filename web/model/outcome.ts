import type { CommandResult } from "@evenkeel/contracts/command";
import type { ErrorCode } from "@evenkeel/contracts/errors";
import type { Because } from "@evenkeel/contracts/event";
import type { LiveMonitor } from "@evenkeel/contracts/live";
import { readRefusal } from "../api/problem.ts";
import type { Answer } from "../api/request.ts";

/** What a person is told of a command. */
export type Outcome =
  | { readonly type: "accepted"; readonly result: CommandResult }
  /** The control plane said no; nothing was done. `epoch` is the present one where it is known. */
  | {
      readonly type: "refused";
      readonly code: ErrorCode;
      readonly because: Because | null;
      readonly detail: string;
      readonly epoch: number | null;
    }
  /** Nobody knows whether it was carried out; sending it again with the same key is safe. */
  | { readonly type: "unknown" };

/**
 * Reads what came of a command.
 *
 * @param answer the API's answer
 */
export function readOutcome(answer: Answer<CommandResult>): Outcome {
  if (answer.ok) return { type: "accepted", result: answer.value };
  const { failure } = answer;
  if (failure.reason !== "problem") return { type: "unknown" };
  const { problem } = failure;
  // A fault of the system says nothing about how far the command came.
  if (problem.status >= 500) return { type: "unknown" };
  const refusal = readRefusal(problem);
  return {
    type: "refused",
    code: problem.code,
    because: refusal?.because ?? null,
    detail: problem.detail,
    epoch: refusal?.epoch ?? null,
  };
}

/**
 * What to say of a command now: one that was on its way is done once the picture shows its epoch at rest.
 *
 * @param outcome what was known when the command was answered
 * @param monitor the monitor as it is now
 */
export function settleOutcome(outcome: Outcome, monitor: LiveMonitor): Outcome {
  if (outcome.type !== "accepted") return outcome;
  const { status, epoch } = outcome.result;
  const onItsWay = status === "running" || status === "joined";
  const settled = monitor.switching === null && epoch > 0 && monitor.epoch >= epoch;
  return onItsWay && settled ? { type: "accepted", result: { ...outcome.result, status: "done" } } : outcome;
}
