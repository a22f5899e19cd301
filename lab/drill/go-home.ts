import { armMonitor, openAccess, switchMonitor } from "../faults/switch-monitor.ts";
import type { Lab } from "../start-lab.ts";
import { findMonitor, untilHealthy } from "./calm.ts";

const REASON = "the drill is over";

/**
 * Brings a monitor home, opens dc1 for reading and arms it, as an operator would after a repair.
 *
 * @param lab the lab
 * @param monitorId the monitor
 */
export async function goHome(lab: Lab, monitorId: string): Promise<void> {
  // Forced onto a side that has not recovered and armed there, it would rightly leave again.
  const away = await untilHealthy(lab, monitorId);
  if (!away.switchable) return;
  if (away.active !== away.home) await switchMonitor(lab, away, away.home, REASON);
  for (const dc of (await findMonitor(lab, monitorId)).dataCentres) {
    if (!dc.readable || !dc.writable) await openAccess(lab, await findMonitor(lab, monitorId), dc.name);
  }
  const home = await findMonitor(lab, monitorId);
  if (!home.armed) await armMonitor(lab, home, REASON);
}
