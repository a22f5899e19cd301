import type { LabEngine } from "@evenkeel/lab/engines/lab-engines";
import { afterAll, afterEach, beforeAll, test } from "vitest";
import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import type { SwitchedEvent } from "../../sdk/switching/source-events.ts";
import { startTwoSites, type TwoSites } from "./two-sites.ts";

/** Longest that servers may take to start, and a test to run. */
const SLOW_MS = 120_000;

/** Two sites that stand for all tests of a file or of a `describe`. */
export interface SitesInUse {
  /** A test over the sites; it is skipped, with the reason, where they cannot be had. */
  it(name: string, run: () => Promise<void>, limitMs?: number): void;
  /** Has a source closed after the test. @returns the source */
  keep<S extends Pick<RoutedSource, "close">>(source: S): S;
}

/**
 * Starts two sites before the tests that follow and ends them afterwards. After each test its sources are closed, and both
 * servers run again.
 *
 * @param engine what runs in them
 * @param portBase first of their hundred ports
 * @param onStarted takes the sites, and prepares them
 * @returns how to write tests over them
 */
export function useTwoSites(
  engine: LabEngine,
  portBase: number,
  onStarted: (sites: TwoSites) => void | Promise<void>,
): SitesInUse {
  let sites: TwoSites | null = null;
  let why = "";
  const kept: Pick<RoutedSource, "close">[] = [];

  beforeAll(async () => {
    const started = await startTwoSites(engine, portBase);
    if (typeof started === "string") {
      why = started;
      console.warn(`skipped: ${why}`);
      return;
    }
    sites = started;
    await onStarted(started);
  }, SLOW_MS);
  afterAll(async () => {
    await sites?.destroy();
  }, SLOW_MS);
  afterEach(async () => {
    for (const source of kept.splice(0)) await source.close();
    for (const site of ["dc1", "dc2"] as const) await sites?.engine.dataCentres[site].process.revive();
  }, SLOW_MS);

  return {
    it: (name, run, limitMs = SLOW_MS) =>
      test(name, { timeout: limitMs }, async (context) => {
        if (why !== "") return context.skip(why);
        await run();
      }),
    keep(source) {
      kept.push(source);
      return source;
    },
  };
}

/** @returns the next switch of a source, to be asked for before it is ordered */
export function nextSwitch(source: Pick<RoutedSource, "on" | "off">): Promise<SwitchedEvent> {
  return new Promise((resolve) => {
    const listen = (event: SwitchedEvent): void => {
      source.off("switched", listen);
      resolve(event);
    };
    source.on("switched", listen);
  });
}
