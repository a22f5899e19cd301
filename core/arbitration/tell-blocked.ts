import type { Because } from "@evenkeel/contracts/event";
import { recordEvent } from "./record-event.ts";
import { refuse } from "./refusals.ts";
import type { MonitorState, SwitchRun } from "./state.ts";
import { answerCommand, type Work } from "./work.ts";

/**
 * Records that a person's switch is not done after all, and answers who ordered it.
 *
 * @param work the work
 * @param monitor the monitor's row, whose epoch the answer names
 * @param run the switch
 * @param why what stands in its way
 */
export function tellBlocked(work: Work, { id, route }: MonitorState, run: SwitchRun, why: Because): void {
  const about = { because: why, monitorId: id, dataCentre: run.to };
  recordEvent(work, { type: "switch-blocked", level: "major", ...about });
  const refusal = refuse(id, "switch-blocked", why, route.epoch);
  answerCommand(work, id, run.idempotencyKey ?? "", refusal, true);
}
