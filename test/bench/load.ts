import { z } from "zod";

/** What one process under load is to do: see probe-load.ts. */
export const Load = z.object({
  type: z.enum(["agent", "bare"]),
  /** Before anything is measured, in milliseconds: connecting, logging in, the compiler. */
  warmMs: z.number(),
  measureMs: z.number(),
  groups: z.array(
    z.object({
      kind: z.string(),
      count: z.number().int(),
      intervalMs: z.number(),
      accessTimeoutMs: z.number(),
      /** False: the group is a burden only. */
      isMeasured: z.boolean(),
      /** Settings of the targets with their secrets. */
      settings: z.record(z.string(), z.unknown()),
      bare: z
        .object({
          host: z.string(),
          port: z.number(),
          user: z.string(),
          password: z.string(),
          database: z.string(),
        })
        .optional(),
    }),
  ),
});
/** See the schema. */
export type Load = z.infer<typeof Load>;

/** What it cost. */
export const LoadCost = z.object({
  probes: z.number(),
  failed: z.number(),
  cpuUs: z.number(),
  elapsedMs: z.number(),
  /** How much later than their interval probes began, in milliseconds. */
  lateP99Ms: z.number(),
  latencyP50Ms: z.number(),
  latencyP99Ms: z.number(),
  residentBytes: z.number(),
});
/** See the schema. */
export type LoadCost = z.infer<typeof LoadCost>;
