import type { Observation } from "@evenkeel/contracts/observation";
import type { Timing } from "@evenkeel/contracts/plan";
import { afterEach, beforeEach, vi } from "vitest";
import { SYSTEM_CLOCK } from "../../../agents/clock.ts";
import { createWakes } from "../../../agents/probing/share-wakes.ts";
import type { Turn } from "../../../agents/probing/spread-turn.ts";
import { startTargetProber, type TargetProber } from "../../../agents/probing/target-prober.ts";
import { BEGIN_MS, beginVirtualTime, endVirtualTime } from "../virtual-time.ts";
import type { FakeTarget } from "./fake-plugin.ts";

/** What a prober told. */
interface Told {
  readonly atMs: number;
  readonly seen: Observation | null;
}

/** Probers on virtual time. */
export interface Probers {
  /** Starts one, which is stopped after the test. */
  start(target: FakeTarget, timing?: Partial<Timing>, turn?: Turn): TargetProber;
  /** Lets time pass. */
  pass(ms: number): Promise<unknown>;
  /** What the control plane would have been told, with the virtual moment. */
  told(): readonly Told[];
  /** The same as moments and reasons. */
  verdicts(): string[];
}

/** Lets the tests that follow start probers on virtual time. */
export function useProbers(): Probers {
  const probers: TargetProber[] = [];
  let told: Told[] = [];
  beforeEach(() => {
    beginVirtualTime();
    told = [];
  });
  afterEach(() => {
    for (const prober of probers.splice(0)) prober.stop();
    endVirtualTime();
  });
  return {
    start(target, timing = {}, turn) {
      const rules = { timing: { ...target.plugin.defaults, ...timing }, failOn: [] };
      const prober: TargetProber = startTargetProber(
        {
          ...{ monitorId: "mon_orders1", dataCentre: "dc1", targetVersion: 4 },
          ...{ plugin: target.plugin, settings: {}, rules },
        },
        () => told.push({ atMs: Date.now() - BEGIN_MS, seen: prober.observe() }),
        createWakes(SYSTEM_CLOCK),
        turn,
      );
      probers.push(prober);
      return prober;
    },
    pass: (ms) => vi.advanceTimersByTimeAsync(ms),
    told: () => told,
    verdicts: () => told.map(({ atMs, seen }) => `${atMs} ${seen?.judgement.reason}`),
  };
}
