import type { Timing } from "@evenkeel/contracts/plan";

/** What a new instance begins with for databases; durations in milliseconds. */
export const DATABASE_TIMING: Timing = {
  retryIntervalMs: 3000,
  monitorTimeoutMs: 10_000,
  accessTimeoutMs: 3000,
  healthPrecision: 1,
  healthyThreshold: 1,
  unhealthyThreshold: 2,
  fastRefuse: false,
};

/** What a new instance begins with for HTTP; such monitors never switch, so that they need not be quick. */
export const API_TIMING: Timing = { ...DATABASE_TIMING, retryIntervalMs: 5000, unhealthyThreshold: 3 };
