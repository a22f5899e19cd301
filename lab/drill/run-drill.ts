import { SettingsView } from "@evenkeel/contracts/api";
import { InstanceEvent } from "@evenkeel/contracts/event";
import { z } from "zod";
import { wallMs } from "../shop/shop-clock.ts";
import type { OrderEvent, ShopEvent } from "../shop/shop-event.ts";
import type { Lab } from "../start-lab.ts";
import { CALM_MS, POLL_MS, pause, untilCalm, untilSettled } from "./calm.ts";
import { countLost } from "./count-lost.ts";
import { goHome } from "./go-home.ts";
import { HARMLESS_WATCH_MS, injectFault, restartControlPlane } from "./inject.ts";
import { type DrillRun, measureRun } from "./measure.ts";
import { type DrillOptions, expectsDetection, expectsSwitch } from "./options.ts";

/** A switch may take so long beyond the monitor timeout before the run counts as failed, in milliseconds. */
const SWITCH_GRACE_MS = 30_000;
/** The shop runs on for so long after the switch, to see that it stays well, in milliseconds. */
const AFTERWARDS_MS = 500;
/** Events that are read back after a run. */
const EVENTS_MAX = 200;

/**
 * Runs a drill once: calm, fault, wait, repair, measure, home again.
 *
 * @param lab a lab whose engine is the drilled one
 * @param options what to do
 */
export async function runDrill(lab: Lab, options: DrillOptions): Promise<DrillRun> {
  const { engine, fault } = options;
  const before = await untilCalm(lab);
  const monitorId = lab.monitors[engine] ?? lab.monitors[lab.http?.kind ?? ""];
  const monitor = before.monitors.find((candidate) => candidate.id === monitorId);
  if (monitor === undefined) throw new Error(`the lab has no monitor for ${engine}`);
  const timeoutMs = await readMonitorTimeout(lab, monitor.kind);
  const shopEvents: ShopEvent[] = [];
  const stopListening = lab.feed.on((event) => {
    if (event.engine === engine) shopEvents.push(event);
  });
  lab.feed.forget();
  await pause(CALM_MS);
  const injected = await injectFault(lab, engine, fault);
  const restarting = options.restartControlPlane ? restartControlPlane(lab) : null;
  await untilOutcome(lab, options, injected.atMs + timeoutMs, shopEvents);
  await restarting;
  await injected.undo();
  const after = await untilSettled(lab, monitor.id);
  stopListening();
  const orders = shopEvents.filter((event): event is OrderEvent => event.type === "order");
  const lost = await countLost(lab, engine, orders, after.active, injected.atMs);
  const events = await listEvents(lab, monitor.id, injected.atMs);
  const epochs = { epochBefore: monitor.epoch, epochAfter: after.epoch };
  const run = measureRun({ faultAtMs: injected.atMs, orders, shopEvents, events, ...epochs, ...lost });
  await goHome(lab, monitor.id);
  return run;
}

/**
 * Waits for what the fault is expected to bring, or until the time is over: the measurement then says what is missing.
 * A fault that must move nothing is watched for longer than a switch would take.
 */
async function untilOutcome(
  lab: Lab,
  options: DrillOptions,
  timeoutAtMs: number,
  shopEvents: readonly ShopEvent[],
): Promise<void> {
  const { engine, fault } = options;
  const isSwitch = expectsSwitch(engine, fault);
  const isDetected = !isSwitch && expectsDetection(engine, fault);
  const until = timeoutAtMs + (isSwitch || isDetected ? SWITCH_GRACE_MS : HARMLESS_WATCH_MS);
  while (wallMs() < until) {
    if (isSwitch && hasRecovered(shopEvents)) break;
    if (isDetected && (await isAbnormal(lab))) break;
    await pause(POLL_MS);
  }
  await pause(AFTERWARDS_MS);
}

function hasRecovered(shopEvents: readonly ShopEvent[]): boolean {
  const switched = shopEvents.find((event) => event.type === "switched");
  if (switched === undefined) return false;
  return shopEvents.some(
    (event) => event.type === "order" && event.error === null && event.atMs > switched.atMs,
  );
}

async function isAbnormal(lab: Lab): Promise<boolean> {
  const view = await lab.view();
  return view.monitors.some((monitor) => monitor.dataCentres.some((dc) => dc.state === "abnormal"));
}

async function readMonitorTimeout(lab: Lab, kind: string): Promise<number> {
  const settings = await lab.api.get(`/instances/${lab.arrangement.instanceId}/settings`, SettingsView);
  const timing = settings.timing[kind];
  if (timing === undefined) throw new Error(`the instance has no timing for ${kind}`);
  return timing.monitorTimeoutMs;
}

/** Reads the events of a monitor since the fault, oldest first. */
async function listEvents(lab: Lab, monitorId: string, sinceMs: number): Promise<InstanceEvent[]> {
  const path = `/instances/${lab.arrangement.instanceId}/events?limit=${EVENTS_MAX}&monitorId=${monitorId}`;
  const { items } = await lab.api.get(path, z.object({ items: z.array(InstanceEvent) }));
  return items.filter((event) => event.atMs >= Math.floor(sinceMs)).toReversed();
}
