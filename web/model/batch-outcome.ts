import type { BatchMemberResult, BatchResult } from "@evenkeel/contracts/command";
import type { ErrorCode } from "@evenkeel/contracts/errors";
import type { LiveView } from "@evenkeel/contracts/live";
import type { Answer } from "../api/request.ts";
import { type Outcome, settleOutcome } from "./outcome.ts";

/** What a person is told of a batch. */
export type BatchOutcome =
  /** Every member has a result of its own. */
  | { readonly type: "answered"; readonly members: readonly BatchMemberResult[] }
  /** The batch as a whole was refused; nothing was done. */
  | { readonly type: "refused"; readonly code: ErrorCode; readonly detail: string }
  /** Nobody knows what was carried out; sending it again with the same key is safe. */
  | { readonly type: "unknown" };

/** What became of one monitor, as far as it is known now. */
export interface MemberOutcome {
  readonly monitorId: string;
  /** Name of the monitor; its id if it is gone. */
  readonly name: string;
  readonly outcome: Outcome;
  /** `moved`: it is where it was to go; `moving`: not every store has it yet; `stayed`: nothing was done. */
  readonly fate: "moved" | "moving" | "stayed";
}

/**
 * Reads what came of a batch.
 *
 * @param answer the API's answer
 */
export function readBatchOutcome(answer: Answer<BatchResult>): BatchOutcome {
  if (answer.ok) return { type: "answered", members: answer.value.members };
  const { failure } = answer;
  // A fault of the system says nothing about how far the batch came.
  if (failure.reason !== "problem" || failure.problem.status >= 500) return { type: "unknown" };
  return { type: "refused", code: failure.problem.code, detail: failure.problem.detail };
}

/**
 * Tells what became of each monitor of a batch, with what the picture has shown since.
 *
 * @param members the results
 * @param view the present picture
 */
export function listMemberOutcomes(members: readonly BatchMemberResult[], view: LiveView): MemberOutcome[] {
  return members.map((member) => {
    const { monitorId } = member.ok ? member.result : member.refusal;
    const monitor = view.monitors.find(({ id }) => id === monitorId);
    const told = readMember(member);
    const outcome = monitor === undefined ? told : settleOutcome(told, monitor);
    return { monitorId, name: monitor?.name ?? monitorId, outcome, fate: judgeFate(outcome) };
  });
}

function readMember(member: BatchMemberResult): Outcome {
  if (member.ok) return { type: "accepted", result: member.result };
  const { code, because, epoch } = member.refusal;
  return { type: "refused", code, because, detail: because.text, epoch };
}

function judgeFate(outcome: Outcome): MemberOutcome["fate"] {
  if (outcome.type !== "accepted") return "stayed";
  const { status } = outcome.result;
  return status === "done" || status === "unchanged" ? "moved" : "moving";
}
