import type { BatchCommand } from "@evenkeel/contracts/command";
import type { LiveView } from "@evenkeel/contracts/live";
import { useState } from "react";
import { makeIdempotencyKey } from "../api/commands.ts";
import {
  type BatchChoice,
  type BatchMember,
  type BatchPlan,
  type BatchScope,
  planBatch,
  sortBlockedFirst,
  takeMembers,
  WHOLE_BATCH,
} from "../model/batch.ts";
import type { BatchOutcome } from "../model/batch-outcome.ts";

/** How a batch treats what stands in the way. */
export type BatchMode = "all-or-none" | "skip" | "force";

/** A batch from its dialog's point of view. */
export interface BatchState {
  readonly scope: BatchScope;
  readonly plan: BatchPlan;
  readonly busy: boolean;
  /** What the last attempt came to; null before the first. */
  readonly outcome: BatchOutcome | null;
  /** Chooses other monitors, as they are now. */
  setScope(scope: BatchScope): void;
  pick(monitorId: string, picked: boolean): void;
  setTarget(monitorId: string, to: string): void;
  /** Takes the present state as what the person saw, and forgets the last attempt. */
  look(): void;
  send(mode: BatchMode, reason: string): Promise<void>;
  /** Sends the last batch once more, under its own key, so that it is carried out at most once. */
  sendAgain(): Promise<void>;
}

/**
 * Keeps a batch: which monitors, as they were seen, and what came of it.
 *
 * @param view the present picture
 * @param first the monitors that the dialog opens with
 * @param deliver sends it
 */
export function useBatch(
  view: LiveView,
  first: BatchScope,
  deliver: (body: BatchCommand) => Promise<BatchOutcome>,
): BatchState {
  const [scope, setScope] = useState(first);
  const [members, setMembers] = useState<readonly BatchMember[]>(() => takeSorted(view, first));
  const [choice, setChoice] = useState<BatchChoice>(WHOLE_BATCH);
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<BatchOutcome | null>(null);
  const [last, setLast] = useState<BatchCommand | null>(null);
  const plan = planBatch(view, members, choice);
  const see = (next: BatchScope) => {
    setScope(next);
    setMembers(takeSorted(view, next));
    setOutcome(null);
  };
  const attempt = async (body: BatchCommand) => {
    setLast(body);
    setBusy(true);
    setOutcome(await deliver(body));
    setBusy(false);
  };
  return {
    ...{ scope, plan, busy, outcome },
    setScope(next) {
      setChoice(WHOLE_BATCH);
      see(next);
    },
    pick(monitorId, picked) {
      const left = new Set(choice.left);
      if (picked) left.delete(monitorId);
      else left.add(monitorId);
      setChoice({ ...choice, left });
    },
    setTarget: (monitorId, to) =>
      setChoice({ ...choice, targets: new Map(choice.targets).set(monitorId, to) }),
    look: () => see(scope),
    send: (mode, reason) => attempt(makeCommand(plan, mode, reason)),
    sendAgain: async () => {
      if (last !== null) await attempt(last);
    },
  };
}

/** The order is that of the first look: rows do not jump under a person's hand. */
function takeSorted(view: LiveView, scope: BatchScope): readonly BatchMember[] {
  return sortBlockedFirst(view, takeMembers(view, scope));
}

function makeCommand(plan: BatchPlan, mode: BatchMode, reason: string): BatchCommand {
  return {
    members: plan.picked.flatMap(({ member, to }) =>
      to === null ? [] : [{ monitorId: member.sight.monitorId, to, expectedEpoch: member.sight.epoch }],
    ),
    idempotencyKey: makeIdempotencyKey(),
    force: mode === "force",
    skipBlocked: mode === "skip",
    ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
  };
}
