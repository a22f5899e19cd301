import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import { wallMs } from "../shop/shop-clock.ts";
import type { Lab } from "../start-lab.ts";

/** Everything must be normal for so long before the next fault, in milliseconds. */
export const CALM_MS = 1000;
const CALM_LIMIT_MS = 60_000;
/** Time between two looks, in milliseconds. */
export const POLL_MS = 50;

/** Waits. @param ms milliseconds */
export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/**
 * Waits until everything is at home, armed, normal and proven, and has been so for a while.
 *
 * @param lab the lab
 * @returns the picture
 * @throws Error that says what does not become calm
 */
export async function untilCalm(lab: Lab): Promise<LiveView> {
  let calmSince: number | null = null;
  const until = wallMs() + CALM_LIMIT_MS;
  let open: string[] = [];
  while (wallMs() < until) {
    const view = await lab.view();
    open = listUncalm(view);
    if (open.length > 0) calmSince = null;
    else calmSince ??= wallMs();
    if (calmSince !== null && wallMs() - calmSince >= CALM_MS) return view;
    await pause(POLL_MS);
  }
  throw new Error(`the lab did not become calm within ${CALM_LIMIT_MS / 1000} s: ${open.join("; ")}`);
}

function listUncalm(view: LiveView): string[] {
  const agents = view.agents
    .filter((agent) => !agent.connected)
    .map((agent) => `${agent.name} is not connected`);
  const stores = view.stores
    .filter((store) => !store.reachable)
    .map((store) => `store ${store.id} is not reachable`);
  return [...agents, ...stores, ...view.monitors.flatMap(listUncalmMonitor)];
}

function listUncalmMonitor(monitor: LiveMonitor): string[] {
  const { targetLost } = monitor.protection;
  const open = listIll(monitor);
  if (!monitor.switchable) return open;
  if (!monitor.armed) open.push(`${monitor.name} is not armed`);
  if (monitor.switching !== null) open.push(`${monitor.name} is switching`);
  if (targetLost.level !== "automatic") open.push(`${monitor.name}: ${targetLost.because.text}`);
  return open;
}

/**
 * Waits until the control plane answers (again) and a monitor's switch, if any, is done.
 *
 * @param lab the lab
 * @param monitorId the monitor
 * @throws Error if that takes too long
 */
export async function untilSettled(lab: Lab, monitorId: string): Promise<LiveMonitor> {
  const until = wallMs() + CALM_LIMIT_MS;
  let problem = "no answer";
  while (wallMs() < until) {
    try {
      const monitor = await findMonitor(lab, monitorId);
      if (monitor.switching === null) return monitor;
      problem = "the switch is still running";
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    await pause(POLL_MS);
  }
  throw new Error(`the control plane did not come back: ${problem}`);
}

/**
 * Waits until every site hears every data centre of a monitor answer.
 *
 * @param lab the lab
 * @param monitorId the monitor
 * @throws Error that says which data centre does not recover
 */
export async function untilHealthy(lab: Lab, monitorId: string): Promise<LiveMonitor> {
  const until = wallMs() + CALM_LIMIT_MS;
  let ill: string[] = [];
  while (wallMs() < until) {
    const monitor = await findMonitor(lab, monitorId);
    ill = listIll(monitor);
    if (ill.length === 0) return monitor;
    await pause(POLL_MS);
  }
  throw new Error(`it did not recover within ${CALM_LIMIT_MS / 1000} s: ${ill.join("; ")}`);
}

function listIll(monitor: LiveMonitor): string[] {
  return monitor.dataCentres
    .filter((dc) => dc.state !== "normal" || Object.values(dc.votes).some((vote) => vote !== "up"))
    .map((dc) => `${monitor.name} ${dc.name} is ${dc.state}`);
}

/**
 * Reads a monitor's present picture.
 *
 * @throws Error if it is gone
 */
export async function findMonitor(lab: Lab, monitorId: string): Promise<LiveMonitor> {
  const monitor = (await lab.view()).monitors.find((candidate) => candidate.id === monitorId);
  if (monitor === undefined) throw new Error(`monitor ${monitorId} is gone`);
  return monitor;
}
