import { z } from "zod";
import { DataCentreName } from "./route.ts";

/** Id of anything in the catalogue: a prefix, an underscore, letters and digits (`mon_k3…`). */
export const Id = z.string().regex(/^[a-z]{2,4}_[a-z0-9]{6,40}$/, "an id looks like mon_7k2p9x4q1b");
export type Id = z.infer<typeof Id>;

/** Name of a site: what people call it, unique in its instance. */
export const SiteName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, "a site name is lower-case letters, digits and dashes");
export const SiteKind = z.enum(["data", "witness"]);
export type SiteKind = z.infer<typeof SiteKind>;

/** Kind of a monitor: a key of the plugin registry. */
export const MonitorKind = z.string().regex(/^[a-z][a-z0-9_]{0,31}$/);
export type MonitorKind = z.infer<typeof MonitorKind>;

/** How a monitor is timed after inheritance; all durations in milliseconds. */
export const Timing = z.object({
  retryIntervalMs: z.number().int().min(100).max(30_000),
  monitorTimeoutMs: z.number().int().min(300).max(400_000),
  accessTimeoutMs: z.number().int().min(100).max(100_000),
  /** 1: one agent that reaches the target makes it healthy; 2: two must. */
  healthPrecision: z.union([z.literal(1), z.literal(2)]),
  /** Successes in a row after which a failed target is healthy. */
  healthyThreshold: z.number().int().min(1).max(5),
  /** Failures in a row before which a target never counts as failed. */
  unhealthyThreshold: z.number().int().min(2).max(10),
  /** A closed connection and refusals confirmed three times from two sites decide at once. */
  fastRefuse: z.boolean(),
});
export type Timing = z.infer<typeof Timing>;

/** What a monitor sets itself; what is absent is inherited from the instance's settings of its kind. */
export const TimingOverrides = z.object({
  retryIntervalMs: Timing.shape.retryIntervalMs.nullish(),
  monitorTimeoutMs: Timing.shape.monitorTimeoutMs.nullish(),
  accessTimeoutMs: Timing.shape.accessTimeoutMs.nullish(),
  healthPrecision: Timing.shape.healthPrecision.nullish(),
  healthyThreshold: Timing.shape.healthyThreshold.nullish(),
  unhealthyThreshold: Timing.shape.unhealthyThreshold.nullish(),
  fastRefuse: Timing.shape.fastRefuse.nullish(),
});
export type TimingOverrides = z.infer<typeof TimingOverrides>;

/**
 * Fills what a monitor leaves open from its instance's settings.
 *
 * @param own what the monitor sets itself
 * @param inherited the instance's timing for this kind
 * @returns the timing that holds
 */
export function inheritTiming(own: TimingOverrides, inherited: Timing): Timing {
  const set = Object.entries(own).filter(([, value]) => value !== null && value !== undefined);
  return Timing.parse({ ...inherited, ...Object.fromEntries(set) });
}

/** A secret sealed to the enrolled agents: a JWE in general JSON serialisation (RFC 7516 §7.2.1), one recipient each. */
export const Sealed = z.object({
  protected: z.string().max(1000).optional(),
  unprotected: z.record(z.string(), z.unknown()).optional(),
  recipients: z
    .array(
      z.object({
        encrypted_key: z.string().max(1000).optional(),
        header: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .max(100),
  ciphertext: z.string().max(20_000),
  iv: z.string().max(100).optional(),
  tag: z.string().max(100).optional(),
  aad: z.string().max(1000).optional(),
});
export type Sealed = z.infer<typeof Sealed>;

/** One data centre of a monitor as the agents and the arbitration need it. */
export const PlannedDataCentre = z.object({
  name: DataCentreName,
  /** Id of the site that it stands in. */
  site: z.string().max(64),
  /** Lower is preferred when a candidate is chosen. */
  priority: z.number().int().min(0).max(1000),
  /** Grows with each change of address, TLS, user or database [SAFE-9]. */
  targetVersion: z.number().int().min(1),
  /** The public part of the plugin's configuration, validated by its schema. */
  config: z.record(z.string(), z.unknown()),
  /** The secret part, sealed; null where there is none. */
  sealed: Sealed.nullable(),
});
export type PlannedDataCentre = z.infer<typeof PlannedDataCentre>;

/** A time in which people work on a monitor's targets: probed and judged as ever, switched by people only. */
export const MaintenanceWindow = z
  .object({
    /** Wall clock of the control plane in ms since 1970. */
    fromMs: z.number().int().min(0),
    untilMs: z.number().int().min(0),
    reason: z.string().trim().min(1).max(500),
  })
  .refine((window) => window.untilMs > window.fromMs, {
    path: ["untilMs"],
    message: "a maintenance window ends after it begins",
  });
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;

/** Maintenance windows that one monitor may have at a time. */
export const WINDOWS_MAX = 20;

/** One monitor as the agents and the arbitration need it. */
export const PlannedMonitor = z.object({
  id: z.string().max(64),
  name: z.string().max(100),
  kind: MonitorKind,
  applicationId: z.string().max(64),
  /** False for kinds whose monitors never switch (API). */
  switchable: z.boolean(),
  monitored: z.boolean(),
  automatic: z.boolean(),
  /** Within one of them: probed and judged, one-click only. */
  windows: z.array(MaintenanceWindow).max(WINDOWS_MAX).default([]),
  timing: Timing,
  /** Sub-health that counts as failure when it is held for the monitor timeout. */
  failOn: z.array(z.enum(["degraded", "read_only"])).max(2),
  home: DataCentreName,
  dataCentres: z.array(PlannedDataCentre).min(1).max(16),
});
export type PlannedMonitor = z.infer<typeof PlannedMonitor>;

/** One etcd cluster. */
export const PlannedStore = z.object({
  id: z.string().max(64),
  /** For people; absent in plans of before there were several stores. */
  name: z.string().max(64).optional(),
  endpoints: z.array(z.string().max(300)).min(1).max(9),
  /** Ids of the sites whose agents write to it; none: all of them. */
  sites: z.array(z.string().max(64)).max(20),
  user: z.string().max(100).nullable(),
  /** `{password, clientKeyPem}`, sealed; null where the cluster asks for neither. */
  sealed: Sealed.nullable(),
  /** PEM of the certificate authority; null: plain HTTP or the system's authorities. */
  caPem: z.string().max(20_000).nullable(),
  /** PEM of the agents' client certificate, without a common name; its key is sealed as `clientKeyPem`. */
  clientCertPem: z.string().max(20_000).nullish(),
  /** True: routes are mirrored for devspore and devcloud SDKs (ADR 9). */
  masMirror: z.boolean().optional(),
});
export type PlannedStore = z.infer<typeof PlannedStore>;

/** Whether an instance acts, only decides and records, or does neither [SAFE-12]. */
export const InstanceMode = z.enum(["act", "observe", "hold"]);
export type InstanceMode = z.infer<typeof InstanceMode>;

/** What bounds automatic switches, and how long things wait. Durations in milliseconds. */
export const ArbitrationSettings = z.object({
  mode: InstanceMode.default("act"),
  /** Data-centre-level automatic switch (SPEC §5.4). */
  siteSwitch: z.boolean().default(false),
  /** All agents of a site lost for so long: the site may be lost. */
  siteTimeoutMs: z.number().int().min(2_000).max(600_000).default(20_000),
  /** A connected agent that says nothing for so long is silent. */
  silentAfterMs: z.number().int().min(1_500).max(60_000).default(4_000),
  /** How long the answers to a confirmation may take. */
  confirmMs: z.number().int().min(100).max(10_000).default(600),
  /** A candidate must have passed a fresh login so recently. */
  freshLoginMs: z.number().int().min(5_000).max(600_000).default(75_000),
  /** Unbroken health before a switch back (force aside). */
  switchBackHealthMs: z.number().int().min(0).max(3_600_000).default(60_000),
  /** Time at home after a switch back before the automatic switch is armed again. */
  rearmAfterMs: z.number().int().min(0).max(86_400_000).default(600_000),
  /** Automatic switches of one monitor in 24 hours. */
  budgetPerMonitorDay: z.number().int().min(0).max(10_000).default(3),
  /** Automatic switches away from one site in a minute, beyond which most of the site must be seen down. */
  budgetPerSiteMinute: z.number().int().min(0).max(10_000).default(20),
  /** Automatic switches of the whole instance in 24 hours, beyond which the same evidence is asked for. */
  budgetPerInstanceDay: z.number().int().min(0).max(100_000).default(200),
});
export type ArbitrationSettings = z.infer<typeof ArbitrationSettings>;

/** A site of the plan. */
export const PlannedSite = z.object({ id: z.string().max(64), name: SiteName, kind: SiteKind });
export type PlannedSite = z.infer<typeof PlannedSite>;

/** Everything that agents and arbitration work from; numbered, pulled by version. */
export const Plan = z.object({
  version: z.number().int().min(0),
  instanceId: z.string().max(64),
  instanceName: z.string().max(100),
  settings: ArbitrationSettings,
  sites: z.array(PlannedSite).max(20),
  stores: z.array(PlannedStore).max(20),
  monitors: z.array(PlannedMonitor).max(1000),
});
export type Plan = z.infer<typeof Plan>;
