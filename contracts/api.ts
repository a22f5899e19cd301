import { z } from "zod";
import { SeenCertificate } from "./certificate.ts";
import { Heartbeat, Judgement, Observation, TargetFacts } from "./observation.ts";
import {
  ArbitrationSettings,
  Id,
  MonitorKind,
  PlannedMonitor,
  SiteKind,
  SiteName,
  Timing,
  TimingOverrides,
} from "./plan.ts";
import { PoolList } from "./pool-settings.ts";
import { DataCentreName } from "./route.ts";
import { PlaceName, Zones } from "./site-place.ts";

/** Largest body that the API reads, in bytes. */
export const BODY_MAX_BYTES = 1024 * 1024;
/** How many of each there may be; hitting one answers `quota-exceeded` with the quota's name and its use. */
export const QUOTAS = {
  namespaces: 10,
  instances: 10,
  sites: 20,
  applications: 200,
  monitors: 100,
  agents: 100,
  tokens: 200,
  enrolmentTokens: 200,
  stores: 20,
} as const;
/** Name of a quota. */
export type QuotaName = keyof typeof QUOTAS;
const Name = z.string().trim().min(1).max(100);
const Description = z.string().trim().max(500);
const Password = z.string().min(12, "a password has at least 12 characters").max(200);
const TimeMs = z.number().int();

/** What a person or a token may do: a viewer reads, an editor also configures, an operator also switches, the owner does all. */
export const Role = z.enum(["owner", "operator", "editor", "viewer"]);
export type Role = z.infer<typeof Role>;

/** Creates the owner with the one-time set-up token; works once. */
export const SetupRequest = z.strictObject({ token: z.string().max(200), name: Name, password: Password });
/** Signs in with name and password. */
export const LoginRequest = z.strictObject({
  name: z.string().trim().min(1).max(100),
  password: z.string().min(1).max(200),
});
/** Signs in with a one-time login code. */
export const RedeemRequest = z.strictObject({ code: z.string().min(1).max(200) });

/** Who is asking. */
export const Whoami = z.object({
  kind: z.enum(["session", "token"]),
  id: z.string(),
  name: z.string(),
  role: Role,
  expiresAtMs: TimeMs.nullable(),
});
export type Whoami = z.infer<typeof Whoami>;

/** A one-time login code; valid for ten minutes. */
export const LoginLink = z.object({ code: z.string(), expiresAtMs: TimeMs });

/** Creates an API token. `ttlMs` absent: it does not expire. */
export const TokenCreate = z.strictObject({
  name: Name,
  role: Role,
  ttlMs: z.number().int().min(60_000).max(315_360_000_000).optional(),
});
/** An API token without its secret. */
export const TokenView = z.object({
  id: z.string(),
  name: z.string(),
  role: Role,
  createdAtMs: TimeMs,
  expiresAtMs: TimeMs.nullable(),
});
/** A new API token; `token` is shown this once. */
export const TokenCreated = TokenView.extend({ token: z.string() });

/** One of a namespace's two locations. */
export const Partition = z.strictObject({
  kind: z.enum(["local", "third-party"]).default("local"),
  name: Name,
  description: Description.default(""),
  region: z.string().trim().max(100).default(""),
  zones: z.array(z.string().trim().min(1).max(100)).max(10).default([]),
});
export type Partition = z.infer<typeof Partition>;
/** Kind of multi-activity that a namespace is for. */
export const Edition = z.enum(["same-city", "remote-dr"]);
/** Creates a namespace: all resources of one business system, with its two locations. */
export const NamespaceCreate = z.strictObject({
  name: Name,
  description: Description.default(""),
  edition: Edition.default("same-city"),
  primary: Partition,
  standby: Partition,
});
/** Edits a namespace; what is left out stays. Its edition cannot be changed. */
export const NamespaceUpdate = z.strictObject({
  name: Name.optional(),
  description: Description.optional(),
  primary: Partition.optional(),
  standby: Partition.optional(),
});
/** A namespace. */
export const NamespaceView = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  edition: Edition,
  primary: Partition,
  standby: Partition,
  createdAtMs: TimeMs,
  updatedAtMs: TimeMs,
});

/** Creates an instance: an isolated space of sites, agents, applications and monitors. */
export const InstanceCreate = z.strictObject({
  namespaceId: Id,
  name: Name,
  description: Description.default(""),
});
/** Edits an instance, or moves it to another namespace. */
export const InstanceUpdate = z.strictObject({
  name: Name.optional(),
  description: Description.optional(),
  namespaceId: Id.optional(),
});
/** An instance. */
export const InstanceView = z.object({
  id: z.string(),
  namespaceId: z.string(),
  name: z.string(),
  description: z.string(),
  /** Version of the plan that its agents are to work from. */
  planVersion: z.number().int(),
  createdAtMs: TimeMs,
  updatedAtMs: TimeMs,
});

/** Creates a site: a place that can fail as a whole. Its kind cannot be changed. */
export const SiteCreate = z.strictObject({
  name: SiteName,
  kind: SiteKind,
  cloud: PlaceName.nullable().default(null),
  region: PlaceName.nullable().default(null),
  zones: Zones.default([]),
});
/** Edits a site: what is left out stays, null and an empty list take a place back. */
export const SiteUpdate = z.strictObject({
  name: SiteName.optional(),
  cloud: PlaceName.nullable().optional(),
  region: PlaceName.nullable().optional(),
  zones: Zones.optional(),
});
/** A site, and where it stands as far as that was said. */
export const SiteView = z.object({
  id: z.string(),
  name: z.string(),
  kind: SiteKind,
  cloud: z.string().nullable(),
  region: z.string().nullable(),
  zones: z.array(z.string()),
});

/** Creates an application: everything that is monitored belongs to one. */
export const ApplicationCreate = z.strictObject({ name: Name, description: Description.default("") });
/** Edits an application. */
export const ApplicationUpdate = z.strictObject({
  name: Name.optional(),
  description: Description.optional(),
});
/** An application. */
export const ApplicationView = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  createdAtMs: TimeMs,
  updatedAtMs: TimeMs,
});

/** Settings of an instance: the arbitration's, and for each kind of monitor what differs from the kind's defaults. */
export const SettingsUpdate = z.strictObject({
  arbitration: z
    .strictObject({
      mode: ArbitrationSettings.shape.mode.unwrap(),
      siteSwitch: ArbitrationSettings.shape.siteSwitch.unwrap(),
      siteTimeoutMs: ArbitrationSettings.shape.siteTimeoutMs.unwrap(),
      silentAfterMs: ArbitrationSettings.shape.silentAfterMs.unwrap(),
      confirmMs: ArbitrationSettings.shape.confirmMs.unwrap(),
      freshLoginMs: ArbitrationSettings.shape.freshLoginMs.unwrap(),
      switchBackHealthMs: ArbitrationSettings.shape.switchBackHealthMs.unwrap(),
      rearmAfterMs: ArbitrationSettings.shape.rearmAfterMs.unwrap(),
      budgetPerMonitorDay: ArbitrationSettings.shape.budgetPerMonitorDay.unwrap(),
      budgetPerSiteMinute: ArbitrationSettings.shape.budgetPerSiteMinute.unwrap(),
      budgetPerInstanceDay: ArbitrationSettings.shape.budgetPerInstanceDay.unwrap(),
    })
    .partial()
    .optional(),
  timing: z.record(MonitorKind, z.strictObject(TimingOverrides.shape)).optional(),
});
/** The settings of an instance, defaults included. */
export const SettingsView = z.object({
  arbitration: ArbitrationSettings,
  /** What holds for each kind, defaults included. */
  timing: z.record(z.string(), Timing),
  /** What this instance sets itself. */
  overrides: z.record(z.string(), TimingOverrides),
});

/** A remark on something that was accepted but needs attention. */
export const Warning = z.object({ id: z.string(), text: z.string() });
export type Warning = z.infer<typeof Warning>;

const Settings = z.record(z.string().max(64), z.unknown());
const failOn = PlannedMonitor.shape.failOn;
const windows = PlannedMonitor.shape.windows;
/** One data centre of a monitor. `secret` absent: the monitor's, or at an edit the one that is sealed. */
export const DataCentreInput = z.strictObject({
  name: DataCentreName,
  /** Name or id of the site that it stands in. */
  site: z.string().min(1).max(64),
  priority: z.number().int().min(0).max(1000).optional(),
  config: Settings,
  secret: Settings.optional(),
});
export type DataCentreInput = z.infer<typeof DataCentreInput>;
/** Creates a monitor: one data store, or one API, in each data centre. */
export const MonitorCreate = z.strictObject({
  kind: MonitorKind,
  applicationId: Id,
  /** Default: `<kind>-<random>`. */
  name: Name.optional(),
  monitored: z.boolean().default(true),
  automatic: z.boolean().default(true),
  timing: z.strictObject(TimingOverrides.shape).default({}),
  failOn: failOn.default([]),
  /** Maintenance windows: within one of them only people switch. */
  windows,
  /** How the SDK of applications uses each connected database. */
  pools: PoolList.default([]),
  /** Settings that hold in every data centre, by the schema of the kind. */
  common: Settings.default({}),
  /** Secrets of every data centre that brings none of its own, by the schema of the kind. */
  secret: Settings.default({}),
  dataCentres: z.array(DataCentreInput).min(1).max(16),
});
export type MonitorCreate = z.infer<typeof MonitorCreate>;
const fixed = z.never("cannot be changed after creation").optional();
/** Edits a monitor; what is left out stays, secrets included. */
export const MonitorUpdate = z.strictObject({
  kind: fixed,
  applicationId: fixed,
  name: fixed,
  monitored: z.boolean().optional(),
  automatic: z.boolean().optional(),
  timing: z.strictObject(TimingOverrides.shape).optional(),
  failOn: failOn.optional(),
  /** The whole list; an empty one ends all windows. */
  windows: windows.unwrap().optional(),
  /** The whole list; an empty one leaves every connected database at the defaults. */
  pools: PoolList.optional(),
  common: Settings.optional(),
  secret: Settings.optional(),
  /** The whole list: a data centre that is missing is removed. */
  dataCentres: z.array(DataCentreInput).min(1).max(16).optional(),
});
export type MonitorUpdate = z.infer<typeof MonitorUpdate>;
/** A monitor with what it inherits, without its secrets. */
export const MonitorView = z.object({
  id: z.string(),
  instanceId: z.string(),
  applicationId: z.string(),
  kind: z.string(),
  name: z.string(),
  switchable: z.boolean(),
  hasRoute: z.boolean(),
  monitored: z.boolean(),
  automatic: z.boolean(),
  /** What the monitor sets itself; null or absent: inherited. */
  timing: TimingOverrides,
  effectiveTiming: Timing,
  failOn,
  windows,
  pools: PoolList,
  common: Settings,
  dataCentres: z.array(
    z.object({
      name: DataCentreName,
      site: z.string(),
      siteId: z.string(),
      priority: z.number().int(),
      config: Settings,
      targetVersion: z.number().int(),
      hasSecret: z.boolean(),
      /** Ids of the agents that can open the secret. */
      sealedTo: z.array(z.string()),
    }),
  ),
  warnings: z.array(Warning),
  createdAtMs: TimeMs,
  updatedAtMs: TimeMs,
});
export type MonitorView = z.infer<typeof MonitorView>;

/** Probes a target once from an agent of its site; nothing is saved. */
export const MonitorTest = z.strictObject({
  kind: MonitorKind,
  site: z.string().min(1).max(64),
  common: Settings.default({}),
  config: Settings,
  secret: Settings.default({}),
  accessTimeoutMs: Timing.shape.accessTimeoutMs.default(3000),
});
/** What an agent saw when it probed once. */
export const MonitorTestResult = z.object({
  agentId: z.string(),
  judgement: Judgement,
  latencyMs: Observation.shape.latencyMs,
  /** Null: the target did not let us in, or its kind tells no more. */
  facts: TargetFacts.nullable(),
  /** Whether heartbeats could be written; nothing is written by a test. Null: there is no heartbeat account. */
  heartbeat: Heartbeat.nullable(),
  /** What the servers showed, and what the agent shows them; empty without TLS. */
  certificates: z.array(SeenCertificate),
});

/** A public key of an agent (RFC 7517): P-256 or X25519, never with its private part. */
export const PublicKey = z.discriminatedUnion("kty", [
  z.strictObject({
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
    y: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  }),
  z.strictObject({
    kty: z.literal("OKP"),
    crv: z.literal("X25519"),
    x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  }),
]);
export type PublicKey = z.infer<typeof PublicKey>;
/** Creates a one-time enrolment token for one site. */
export const EnrolmentTokenCreate = z.strictObject({
  /** Name or id of the site. */
  site: z.string().min(1).max(64),
  ttlMs: z.number().int().min(1_000).max(604_800_000).default(3_600_000),
});
/** An enrolment token without its secret. */
export const EnrolmentTokenView = z.object({
  id: z.string(),
  site: z.string(),
  siteId: z.string(),
  createdAtMs: TimeMs,
  expiresAtMs: TimeMs,
  usedAtMs: TimeMs.nullable(),
  usedBy: z.string().nullable(),
});
/** A new enrolment token; `token` is shown this once. */
export const EnrolmentTokenCreated = EnrolmentTokenView.extend({ token: z.string() });
/** Turns an enrolment token into an agent with a key pair of its own. */
export const EnrolRequest = z.strictObject({
  token: z.string().min(1).max(200),
  name: Name,
  publicKey: PublicKey,
  host: z.string().trim().max(200),
});
/** A new agent. */
export const Enrolled = z.object({
  agentId: z.string(),
  /** Shown this once: what the agent connects with. */
  agentToken: z.string(),
  instanceId: z.string(),
  site: z.string(),
  siteId: z.string(),
});
/** An enrolled agent; whether it is connected is in the live picture. */
export const AgentView = z.object({
  id: z.string(),
  name: z.string(),
  site: z.string(),
  siteId: z.string(),
  host: z.string(),
  /** Thumbprint of its key (RFC 7638): what `evenkeel-agent approve` is given. */
  fingerprint: z.string(),
  createdAtMs: TimeMs,
});
