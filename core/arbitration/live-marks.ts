import type { LiveDataCentre, LiveMonitor } from "@evenkeel/contracts/live";
import type { Case } from "./state.ts";

/**
 * Lists the warnings beside a monitor's state.
 *
 * @param subject the case
 * @param dataCentres its data centres as people see them
 */
export function listMarks(subject: Case, dataCentres: readonly LiveDataCentre[]): LiveMonitor["marks"] {
  const { planned, monitor } = subject;
  const marks: LiveMonitor["marks"] = [];
  if (monitor.fork !== null) marks.push("split-brain-suspected");
  const standbys = dataCentres.filter((dc) => dc.name !== monitor.route.active);
  const ready = standbys.some((dc) => dc.state === "normal");
  if (planned.switchable && planned.monitored && standbys.length > 0 && !ready)
    marks.push("standby-not-ready");
  const lonely = dataCentres.some(
    (dc) => Object.values(dc.votes).filter((vote) => vote === "up").length === 1,
  );
  if (planned.timing.healthPrecision === 2 && lonely) marks.push("one-observer-only");
  return marks;
}
