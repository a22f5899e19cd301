import type { InstanceEvent } from "@evenkeel/contracts/event";
import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import { armMonitor, openAccess, switchMonitor } from "../faults/switch-monitor.ts";
import { wallMs } from "../shop/shop-clock.ts";
import type { OrderEvent, ShopEvent } from "../shop/shop-event.ts";
import type { Lab, LabEngine } from "../start-lab.ts";
import { HARMLESS_WATCH_MS, injectFault, restartControlPlane } from "./inject.ts";
import { type DrillRun, measureRun } from "./measure.ts";
import { type DrillOptions, expectsSwitch } from "./options.ts";

/** A switch may take so long beyond the monitor timeout before the run counts as failed, in milliseconds. */
const SWITCH_GRACE_MS = 30_000;
/** The shop runs on for so long after the switch, to see that it stays well, in milliseconds. */
const AFTERWARDS_MS = 500;
/** Everything must be normal for so long before the next fault, in milliseconds. */
const CALM_MS = 1000;
const CALM_LIMIT_MS = 60_000;
const POLL_MS = 50;
/** Orders of the time before the fault that are looked for afterwards, in milliseconds. */
const WRITES_BEFORE_MS = 5000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs a drill once: calm, fault, wait, measure, repair, home again.
 *
 * @param lab a lab whose engine is the drilled one
 * @param options what to do
 */
export async function runDrill(lab: Lab, options: DrillOptions): Promise<DrillRun> {
  const { engine, fault } = options;
  const before = await untilCalm(lab);
  const monitor = findMonitor(before, lab, engine);
  const shopEvents: ShopEvent[] = [];
  const stopListening = lab.feed.on((event) => shopEvents.push(event));
  lab.feed.forget();
  await pause(CALM_MS);
  const injected = await injectFault(lab, engine, fault);
  const restarting = options.restartControlPlane ? restartControlPlane(lab) : null;
  if (expectsSwitch(engine, fault)) await untilRecovered(lab, options, injected.atMs, shopEvents);
  else await untilSeen(lab, options, injected.atMs);
  await restarting;
  await injected.undo();
  const after = await untilBack(lab, monitor.id);
  stopListening();
  const orders = shopEvents.filter(
    (event): event is OrderEvent => event.type === "order" && event.engine === engine,
  );
  const lost = await countLost(lab, options, orders, after.active, injected.atMs);
  const run = measureRun({
    faultAtMs: injected.atMs,
    orders,
    shopEvents: shopEvents.filter((event) => event.engine === engine),
    events: await listEvents(lab, monitor.id, injected.atMs),
    epochBefore: monitor.epoch,
    epochAfter: after.epoch,
    ...lost,
  });
  await goHome(lab, monitor.id);
  return run;
}

function findMonitor(view: LiveView, lab: Lab, engine: string): LiveMonitor {
  const id = lab.monitors[engine] ?? lab.monitors[lab.http?.kind ?? ""];
  const monitor = view.monitors.find((candidate) => candidate.id === id);
  if (monitor === undefined) throw new Error(`the lab has no monitor for ${engine}`);
  return monitor;
}

/** Waits until everything is at home, armed, normal and proven, and has been so for a while. */
async function untilCalm(lab: Lab): Promise<LiveView> {
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
  const monitors = view.monitors.flatMap((monitor) => {
    const protectedNow = !monitor.switchable || monitor.protection.targetLost.level === "automatic";
    return [
      ...(monitor.switchable && !monitor.armed ? [`${monitor.name} is not armed`] : []),
      ...(monitor.switching === null ? [] : [`${monitor.name} is switching`]),
      ...(protectedNow ? [] : [`${monitor.name}: ${monitor.protection.targetLost.because.text}`]),
      ...monitor.dataCentres
        .filter((dc) => dc.state !== "normal" || Object.values(dc.votes).some((vote) => vote !== "up"))
        .map((dc) => `${monitor.name} ${dc.name} is ${dc.state}`),
    ];
  });
  return [...agents, ...stores, ...monitors];
}

/** Waits until the shop's orders succeed on the new side, or the time is over: the measurement then says what is missing. */
async function untilRecovered(
  lab: Lab,
  options: DrillOptions,
  faultAtMs: number,
  shopEvents: readonly ShopEvent[],
): Promise<void> {
  const timeoutMs = await readMonitorTimeout(lab, options);
  const until = faultAtMs + timeoutMs + SWITCH_GRACE_MS;
  const isBack = () => {
    const switched = shopEvents.find((event) => event.type === "switched" && event.engine === options.engine);
    return (
      switched !== undefined &&
      shopEvents.some((event) => event.type === "order" && event.error === null && event.atMs > switched.atMs)
    );
  };
  while (wallMs() < until && !isBack()) await pause(POLL_MS);
  await pause(AFTERWARDS_MS);
}

/** Watches a fault that must move nothing for longer than a switch would take; an API monitor until it is called abnormal. */
async function untilSeen(lab: Lab, options: DrillOptions, faultAtMs: number): Promise<void> {
  const timeoutMs = await readMonitorTimeout(lab, options);
  const detects =
    options.engine === "http" &&
    (options.fault === "kill" ||
      options.fault === "stop" ||
      options.fault === "refuse" ||
      options.fault === "blackhole" ||
      options.fault === "site");
  const until = faultAtMs + timeoutMs + (detects ? SWITCH_GRACE_MS : HARMLESS_WATCH_MS);
  while (wallMs() < until) {
    if (detects && (await isAbnormal(lab))) return;
    await pause(POLL_MS);
  }
}

async function isAbnormal(lab: Lab): Promise<boolean> {
  const view = await lab.view();
  return view.monitors.some((monitor) => monitor.dataCentres.some((dc) => dc.state === "abnormal"));
}

async function readMonitorTimeout(lab: Lab, options: DrillOptions): Promise<number> {
  const { SettingsView } = await import("@evenkeel/contracts/api");
  const settings = await lab.api
    .get(`/instances/${lab.arrangement.instanceId}/settings`, SettingsView)
    .catch(() => null);
  const kind = options.engine === "http" ? (lab.http?.kind ?? "") : options.engine;
  return settings?.timing[kind]?.monitorTimeoutMs ?? DEFAULT_TIMEOUT_MS;
}

/** Assumed while the control plane is down and cannot be asked. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** Waits until the control plane answers again and the monitor's switch, if any, is done. */
async function untilBack(lab: Lab, monitorId: string): Promise<LiveMonitor> {
  const until = wallMs() + CALM_LIMIT_MS;
  let problem = "no answer";
  while (wallMs() < until) {
    try {
      const monitor = (await lab.view()).monitors.find((candidate) => candidate.id === monitorId);
      if (monitor !== undefined && monitor.switching === null) return monitor;
      problem = "the switch is still running";
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    await pause(POLL_MS);
  }
  throw new Error(`the control plane did not come back: ${problem}`);
}

/**
 * Counts acknowledged writes of the time around the fault that can no longer be found: on neither side (lost), or not on
 * the side that is active now (asynchronous replication still owed them).
 */
async function countLost(
  lab: Lab,
  options: DrillOptions,
  orders: readonly OrderEvent[],
  active: string,
  faultAtMs: number,
): Promise<{ acknowledgedWritesLost: number; notReplicated: number }> {
  const handle = lab.engines.get(options.engine as LabEngine);
  if (handle === undefined) return { acknowledgedWritesLost: 0, notReplicated: 0 };
  const acknowledged = orders.filter(
    (order) => order.acknowledged && order.atMs > faultAtMs - WRITES_BEFORE_MS,
  );
  const ids = acknowledged.map((order) => order.id);
  const [dc1, dc2] = await Promise.all([handle.holdsOrders("dc1", ids), handle.holdsOrders("dc2", ids)]);
  const onNewSide = active === "dc2" ? dc2 : dc1;
  return {
    acknowledgedWritesLost: ids.filter((id) => !dc1.has(id) && !dc2.has(id)).length,
    notReplicated: ids.filter((id) => !onNewSide.has(id)).length,
  };
}

async function listEvents(lab: Lab, monitorId: string, sinceMs: number): Promise<InstanceEvent[]> {
  const { z } = await import("zod");
  const { InstanceEvent: Schema } = await import("@evenkeel/contracts/event");
  const path = `/instances/${lab.arrangement.instanceId}/events?limit=200&monitorId=${monitorId}`;
  const { items } = await lab.api.get(path, z.object({ items: z.array(Schema) }));
  return items.filter((event) => event.atMs >= Math.floor(sinceMs)).toReversed();
}

/** Brings the monitor home, opens dc1 for reading and arms it, as an operator would after a repair. */
async function goHome(lab: Lab, monitorId: string): Promise<void> {
  const find = async () => {
    const monitor = (await lab.view()).monitors.find((candidate) => candidate.id === monitorId);
    if (monitor === undefined) throw new Error(`monitor ${monitorId} is gone`);
    return monitor;
  };
  const away = await find();
  if (!away.switchable) return;
  if (away.active !== away.home) await switchMonitor(lab, away, away.home, "the drill is over");
  for (const dc of (await find()).dataCentres) {
    if (!dc.readable || !dc.writable) await openAccess(lab, await find(), dc.name);
  }
  const home = await find();
  if (!home.armed) await armMonitor(lab, home, "the drill is over");
}
