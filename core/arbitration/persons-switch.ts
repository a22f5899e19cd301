import type { TimeMark } from "@evenkeel/contracts/event";
import { because } from "@evenkeel/contracts/sentences";
import type { Case } from "./state.ts";
import { computeFlagsAfter, startChange } from "./switching.ts";
import type { Work } from "./work.ts";

/** A person's switch, as it is ordered. */
export interface OperatorSwitch {
  readonly to: string;
  readonly who: string;
  readonly idempotencyKey: string;
  readonly reason: string;
  /** What came before it; absent: nothing. */
  readonly timeLine?: readonly TimeMark[];
}

/**
 * Starts a switch that a person ordered: prechecked, or forced.
 *
 * @param work the work
 * @param subject the case; nothing runs and nothing is asked
 * @param kind `force` goes without a precheck
 * @param order what is ordered
 */
export function startPersonsSwitch(
  work: Work,
  subject: Case,
  kind: "operator" | "force",
  order: OperatorSwitch,
): void {
  const { to, who, reason, idempotencyKey } = order;
  const dc = subject.monitor.route.active;
  startChange(work, subject, {
    kind,
    to,
    flags: computeFlagsAfter(subject, kind === "force"),
    because: (epoch) =>
      because(kind === "force" ? "operator-force" : "operator-switch", { who, dc, to, epoch, reason }),
    // Applications let calls of a planned switch finish; a forced one, like an automatic one, rejects them at once.
    principal: `${kind}:${who}`,
    idempotencyKey,
    timeLine: order.timeLine ?? [],
  });
}
