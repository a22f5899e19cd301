import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import type { LabEngine } from "../../lab/engines/lab-engines.ts";
import { wallMs } from "../../lab/shop/shop-clock.ts";
import type { ShopEvent } from "../../lab/shop/shop-event.ts";
import { type Lab, startLab } from "../../lab/start-lab.ts";
import { FAST_TIMING } from "../../lab/timing.ts";

/** Longest wait for anything that is expected, in milliseconds. */
const PATIENCE_MS = 30_000;
const POLL_MS = 50;

/** A lab of its own for one test file, in a directory that goes with it. */
export interface TestLab {
  readonly lab: Lab;
  /** Everything that the shop printed. */
  readonly shopEvents: readonly ShopEvent[];
  end(): Promise<void>;
}

/**
 * Starts a lab for tests.
 *
 * @param offset port offset, another for each test file
 * @param engines which databases
 * @param more what differs from the usual
 */
export async function startTestLab(
  offset: number,
  engines: readonly LabEngine[],
  more: { http?: boolean; arbitration?: Record<string, unknown> } = {},
): Promise<TestLab> {
  const stateDir = mkdtempSync(join(tmpdir(), "evenkeel-e2e-"));
  const lab = await startLab({
    stateDir,
    offset,
    engines,
    http: more.http ?? false,
    gates: false,
    timing: FAST_TIMING,
    arbitration: { budgetPerMonitorDay: 100, ...more.arbitration },
    say: () => undefined,
  });
  const shopEvents: ShopEvent[] = [];
  lab.feed.on((event) => shopEvents.push(event));
  return {
    lab,
    shopEvents,
    end: async () => {
      await lab.end();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Waits until something holds; fails with what was seen last. */
export async function until<Value>(
  what: string,
  look: () => Promise<Value>,
  holds: (value: Value) => boolean,
): Promise<Value> {
  const end = performance.now() + PATIENCE_MS;
  let last: unknown = "nothing";
  while (performance.now() < end) {
    try {
      const value = await look();
      if (holds(value)) return value;
      last = value;
    } catch (error) {
      last = error instanceof Error ? error.message : error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(
    `${what} did not come about within ${PATIENCE_MS} ms; last seen: ${JSON.stringify(last)?.slice(0, 3000)}`,
  );
}

/** Reads one monitor. */
export async function readMonitor(lab: Lab, kind: string): Promise<LiveMonitor> {
  const monitor = (await lab.view()).monitors.find((candidate) => candidate.id === lab.monitors[kind]);
  if (monitor === undefined) throw new Error(`there is no monitor of ${kind}`);
  return monitor;
}

/** Waits until every data centre is normal and every agent and store is there. */
export async function untilHealthy(lab: Lab): Promise<LiveView> {
  return until(
    "a healthy lab",
    () => lab.view(),
    (view) =>
      view.agents.every((agent) => agent.connected) &&
      view.stores.every((store) => store.reachable) &&
      view.monitors.every((monitor) =>
        monitor.dataCentres.every(
          (dc) => dc.state === "normal" && Object.values(dc.votes).every((vote) => vote === "up"),
        ),
      ),
  );
}

/** Watches for a while: what must not happen needs time to not happen in. */
export async function watchFor(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Orders of one engine that failed since a moment (ms since 1970). */
export function failuresSince(events: readonly ShopEvent[], engine: string, sinceMs: number): string[] {
  return events.flatMap((event) =>
    event.type === "order" && event.engine === engine && event.atMs >= sinceMs && event.error !== null
      ? [`${event.error}: ${event.message ?? ""}`]
      : [],
  );
}

/** Orders of one engine that succeeded since a moment. */
export function successesSince(events: readonly ShopEvent[], engine: string, sinceMs: number): number {
  return events.filter(
    (event) =>
      event.type === "order" && event.engine === engine && event.atMs >= sinceMs && event.error === null,
  ).length;
}

/** Waits until a data centre is active for an engine and orders are placed there. */
export async function expectServedBy(
  { lab, shopEvents }: TestLab,
  engine: string,
  active: string,
): Promise<void> {
  await until(
    `${engine} on ${active}`,
    () => readMonitor(lab, engine),
    (monitor) => monitor.active === active && monitor.switching === null,
  );
  const sinceMs = wallMs();
  await until(
    `orders on ${engine}`,
    async () => successesSince(shopEvents, engine, sinceMs),
    (count) => count > 5,
  );
}
