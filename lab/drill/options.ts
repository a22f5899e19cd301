import { parseArgs } from "node:util";
import type { TimingOverrides } from "@evenkeel/contracts/plan";
import { z } from "zod";
import { ALL_ENGINES } from "../engines/lab-engines.ts";

/** Engines that a drill can be run on; `http` is detection only, because API monitors never switch. */
export const DRILL_ENGINES = [...ALL_ENGINES, "http"] as const;
/** Faults that a drill can inject into dc1, or into the parts that must not matter. */
export const DRILL_FAULTS = [
  "kill",
  "stop",
  "refuse",
  "blackhole",
  "site",
  "agent",
  "control-plane",
  "etcd-leader",
] as const;
/** Timing of the monitors. */
export const DRILL_PROFILES = ["default", "fast", "refuse"] as const;

export type DrillEngine = (typeof DRILL_ENGINES)[number];
export type DrillFault = (typeof DRILL_FAULTS)[number];
export type DrillProfile = (typeof DRILL_PROFILES)[number];

/** Timing by profile; null: the defaults of each kind. */
export const PROFILE_TIMING: Record<DrillProfile, TimingOverrides | null> = {
  default: null,
  fast: { retryIntervalMs: 200, accessTimeoutMs: 200, monitorTimeoutMs: 1000, fastRefuse: false },
  refuse: { retryIntervalMs: 200, accessTimeoutMs: 200, monitorTimeoutMs: 1000, fastRefuse: true },
};

/** Faults that must move nothing: the databases live, whatever happens to those who watch. */
const HARMLESS: readonly DrillFault[] = ["agent", "control-plane", "etcd-leader"];

/**
 * Tells whether a fault is to be followed by a switch.
 *
 * @param engine the engine
 * @param fault the fault
 */
export function expectsSwitch(engine: DrillEngine, fault: DrillFault): boolean {
  return engine !== "http" && !HARMLESS.includes(fault);
}

/**
 * Tells whether a fault makes a target fail, so that its monitor has to call it abnormal.
 *
 * @param engine the engine
 * @param fault the fault
 */
export function expectsDetection(engine: DrillEngine, fault: DrillFault): boolean {
  return engine === "http" && !HARMLESS.includes(fault);
}

const RUNS_MAX = 1000;

const Options = z.object({
  engine: z.enum(DRILL_ENGINES),
  fault: z.enum(DRILL_FAULTS),
  profile: z.enum(DRILL_PROFILES),
  runs: z.coerce.number().int().min(1).max(RUNS_MAX),
  /** Also kills the control plane at the moment of the fault and starts it again. */
  restartControlPlane: z.boolean(),
  /** Retry interval that replaces the profile's, in milliseconds. */
  retryIntervalMs: z.coerce.number().int().min(100).max(30_000).nullable(),
  json: z.boolean(),
  offset: z.coerce.number().int().min(0),
  state: z.string().nullable(),
});
/** What a drill is to do. */
export type DrillOptions = z.infer<typeof Options>;

/** How to call the drill. */
export const DRILL_USAGE = `npm run drill -- [--engine ${DRILL_ENGINES.join("|")}] [--fault ${DRILL_FAULTS.join("|")}]
  [--profile ${DRILL_PROFILES.join("|")}] [--runs N] [--json] [--offset N] [--state DIR]
  [--restart-control-plane] [--retry-interval MS]`;

/**
 * Reads the drill's command line.
 *
 * @param args arguments after the command
 * @returns the options
 * @throws Error that names the argument, what it may be, and the usage
 */
export function parseDrillOptions(args: readonly string[]): DrillOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      engine: { type: "string", default: "postgresql" },
      fault: { type: "string", default: "kill" },
      profile: { type: "string", default: "fast" },
      runs: { type: "string", default: "3" },
      json: { type: "boolean", default: false },
      offset: { type: "string", default: "1000" },
      state: { type: "string" },
      "restart-control-plane": { type: "boolean", default: false },
      "retry-interval": { type: "string" },
    },
  });
  const parsed = Options.safeParse({
    ...values,
    state: values.state ?? null,
    restartControlPlane: values["restart-control-plane"],
    retryIntervalMs: values["retry-interval"] ?? null,
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`--${issue?.path.join(".") ?? "?"}: ${issue?.message ?? "is not valid"}\n${DRILL_USAGE}`);
}
