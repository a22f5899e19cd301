import type { Partition, PublicKey } from "@evenkeel/contracts/api";
import type {
  ArbitrationSettings,
  MaintenanceWindow,
  Sealed,
  TimingOverrides,
} from "@evenkeel/contracts/plan";
import type { PoolSettings } from "@evenkeel/contracts/pool-settings";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

/*
 * The catalogue in D1: what people configured, who they are, and what they did. It is never on the path of a failover.
 * Foreign keys refuse, they never delete or clear by themselves: on D1 a rebuilt parent table would silently empty such
 * children, so each deletion names what it deletes. migrations/ holds the same in SQL; a test compares the two.
 */

/** People who sign in with a name and a password. */
export const users = sqliteTable("users", {
  id: text("id").primaryKey(),
  name: text("name").notNull().unique(),
  passwordHash: text("password_hash").notNull(),
  role: text("role", { enum: ["owner", "operator", "editor", "viewer"] }).notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
});

/** Signed-in browsers; only the hash of the cookie is kept. */
export const sessions = sqliteTable(
  "sessions",
  {
    id: text("id").primaryKey(),
    userId: text("user_id")
      .notNull()
      .references(() => users.id),
    secretHash: text("secret_hash").notNull().unique(),
    createdAtMs: integer("created_at_ms").notNull(),
    expiresAtMs: integer("expires_at_ms").notNull(),
  },
  (table) => [index("sessions_by_expiry").on(table.expiresAtMs)],
);

/** One-time login codes. */
export const loginLinks = sqliteTable("login_links", {
  id: text("id").primaryKey(),
  userId: text("user_id")
    .notNull()
    .references(() => users.id),
  secretHash: text("secret_hash").notNull().unique(),
  expiresAtMs: integer("expires_at_ms").notNull(),
  usedAtMs: integer("used_at_ms"),
});

/** Failed logins by name and by source, pruned by cron and bounded in number. */
export const loginAttempts = sqliteTable("login_attempts", {
  key: text("key").primaryKey(),
  failures: integer("failures").notNull(),
  windowStartMs: integer("window_start_ms").notNull(),
});

/** API tokens; only the hash is kept. */
export const apiTokens = sqliteTable("api_tokens", {
  id: text("id").primaryKey(),
  name: text("name").notNull().unique(),
  role: text("role", { enum: ["owner", "operator", "editor", "viewer"] }).notNull(),
  secretHash: text("secret_hash").notNull().unique(),
  createdBy: text("created_by").notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
  expiresAtMs: integer("expires_at_ms"),
});

/** Namespaces: all resources of one business system. */
export const namespaces = sqliteTable("namespaces", {
  id: text("id").primaryKey(),
  name: text("name").notNull().unique(),
  description: text("description").notNull(),
  edition: text("edition", { enum: ["same-city", "remote-dr"] }).notNull(),
  primary: text("primary_partition", { mode: "json" }).$type<Partition>().notNull(),
  standby: text("standby_partition", { mode: "json" }).$type<Partition>().notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
  updatedAtMs: integer("updated_at_ms").notNull(),
});

/** Instances; `revision` grows with each change of what a plan is built from. */
export const instances = sqliteTable(
  "instances",
  {
    id: text("id").primaryKey(),
    namespaceId: text("namespace_id")
      .notNull()
      .references(() => namespaces.id),
    name: text("name").notNull().unique(),
    description: text("description").notNull(),
    settings: text("settings", { mode: "json" }).$type<ArbitrationSettings>().notNull(),
    timing: text("timing", { mode: "json" }).$type<Record<string, TimingOverrides>>().notNull(),
    revision: integer("revision").notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
    updatedAtMs: integer("updated_at_ms").notNull(),
  },
  (table) => [index("instances_by_namespace").on(table.namespaceId)],
);

/** Sites of an instance. */
export const sites = sqliteTable(
  "sites",
  {
    id: text("id").primaryKey(),
    instanceId: text("instance_id")
      .notNull()
      .references(() => instances.id),
    name: text("name").notNull(),
    kind: text("kind", { enum: ["data", "witness"] }).notNull(),
    /** Where it stands; null and an empty list: nobody said so. */
    cloud: text("cloud"),
    region: text("region"),
    zones: text("zones", { mode: "json" }).$type<string[]>().notNull().default([]),
  },
  (table) => [uniqueIndex("sites_name").on(table.instanceId, table.name)],
);

/** Applications of an instance. */
export const applications = sqliteTable(
  "applications",
  {
    id: text("id").primaryKey(),
    instanceId: text("instance_id")
      .notNull()
      .references(() => instances.id),
    name: text("name").notNull(),
    description: text("description").notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
    updatedAtMs: integer("updated_at_ms").notNull(),
  },
  (table) => [uniqueIndex("applications_name").on(table.instanceId, table.name)],
);

/** Monitors of an instance; `sealed` is the secret of the data centres that bring none of their own. */
export const monitors = sqliteTable(
  "monitors",
  {
    id: text("id").primaryKey(),
    instanceId: text("instance_id")
      .notNull()
      .references(() => instances.id),
    applicationId: text("application_id")
      .notNull()
      .references(() => applications.id),
    kind: text("kind").notNull(),
    name: text("name").notNull(),
    monitored: integer("monitored", { mode: "boolean" }).notNull(),
    automatic: integer("automatic", { mode: "boolean" }).notNull(),
    timing: text("timing", { mode: "json" }).$type<TimingOverrides>().notNull(),
    failOn: text("fail_on", { mode: "json" }).$type<("degraded" | "read_only")[]>().notNull(),
    common: text("common", { mode: "json" }).$type<Record<string, unknown>>().notNull(),
    sealed: text("sealed", { mode: "json" }).$type<Sealed | null>(),
    createdAtMs: integer("created_at_ms").notNull(),
    updatedAtMs: integer("updated_at_ms").notNull(),
    windows: text("windows", { mode: "json" }).$type<MaintenanceWindow[]>().notNull().default([]),
    pools: text("pools", { mode: "json" }).$type<PoolSettings[]>().notNull().default([]),
  },
  (table) => [
    uniqueIndex("monitors_name").on(table.instanceId, table.name),
    index("monitors_by_application").on(table.applicationId),
  ],
);

/** Data centres of a monitor; `sealed` null: the monitor's own secret holds, if there is one. */
export const dataCentres = sqliteTable(
  "data_centres",
  {
    monitorId: text("monitor_id")
      .notNull()
      .references(() => monitors.id),
    name: text("name").notNull(),
    siteId: text("site_id")
      .notNull()
      .references(() => sites.id),
    priority: integer("priority").notNull(),
    targetVersion: integer("target_version").notNull(),
    config: text("config", { mode: "json" }).$type<Record<string, unknown>>().notNull(),
    sealed: text("sealed", { mode: "json" }).$type<Sealed | null>(),
  },
  (table) => [
    primaryKey({ columns: [table.monitorId, table.name] }),
    index("data_centres_by_site").on(table.siteId),
  ],
);

/** The etcd clusters of an instance. */
export const stores = sqliteTable(
  "stores",
  {
    id: text("id").primaryKey(),
    instanceId: text("instance_id")
      .notNull()
      .references(() => instances.id),
    endpoints: text("endpoints", { mode: "json" }).$type<string[]>().notNull(),
    user: text("user"),
    sealed: text("sealed", { mode: "json" }).$type<Sealed | null>(),
    caPem: text("ca_pem"),
    clientCertPem: text("client_cert_pem"),
    masMirror: integer("mas_mirror", { mode: "boolean" }).notNull().default(false),
    name: text("name").notNull().default("main"),
    /** Ids of the sites whose agents and processes use it; none: all sites. */
    sites: text("sites", { mode: "json" }).$type<string[]>().notNull().default([]),
  },
  (table) => [uniqueIndex("stores_by_name").on(table.instanceId, table.name)],
);

/** Enrolled agents: their public key and the hash of what they connect with. */
export const agents = sqliteTable(
  "agents",
  {
    id: text("id").primaryKey(),
    instanceId: text("instance_id")
      .notNull()
      .references(() => instances.id),
    siteId: text("site_id")
      .notNull()
      .references(() => sites.id),
    name: text("name").notNull(),
    host: text("host").notNull(),
    publicKey: text("public_key", { mode: "json" }).$type<PublicKey>().notNull(),
    secretHash: text("secret_hash").notNull().unique(),
    createdAtMs: integer("created_at_ms").notNull(),
  },
  (table) => [uniqueIndex("agents_name").on(table.instanceId, table.name)],
);

/** One-time tokens that make agents. */
export const enrolmentTokens = sqliteTable(
  "enrolment_tokens",
  {
    id: text("id").primaryKey(),
    instanceId: text("instance_id")
      .notNull()
      .references(() => instances.id),
    siteId: text("site_id")
      .notNull()
      .references(() => sites.id),
    secretHash: text("secret_hash").notNull().unique(),
    createdBy: text("created_by").notNull(),
    createdAtMs: integer("created_at_ms").notNull(),
    expiresAtMs: integer("expires_at_ms").notNull(),
    usedAtMs: integer("used_at_ms"),
    usedBy: text("used_by"),
  },
  (table) => [index("enrolment_tokens_by_instance").on(table.instanceId)],
);

/** The latest plan of each instance, built from revision `revision` of its catalogue; the Instance pulls it by version. */
export const plans = sqliteTable("plans", {
  instanceId: text("instance_id")
    .primaryKey()
    .references(() => instances.id),
  version: integer("version").notNull(),
  revision: integer("revision").notNull(),
  body: text("body").notNull(),
  /** Id of the request that asked for a removal; null: this plan removes nothing on purpose [SAFE-9]. */
  confirmedBy: text("confirmed_by"),
  /** Latest version that the Instance said it took. */
  appliedVersion: integer("applied_version").notNull(),
  createdAtMs: integer("created_at_ms").notNull(),
});

/** Who did what to what, from where; ids sort by time. */
export const audit = sqliteTable(
  "audit",
  {
    id: text("id").primaryKey(),
    atMs: integer("at_ms").notNull(),
    principal: text("principal").notNull(),
    action: text("action").notNull(),
    resource: text("resource").notNull(),
    instanceId: text("instance_id"),
    before: text("before", { mode: "json" }).$type<unknown>(),
    after: text("after", { mode: "json" }).$type<unknown>(),
    source: text("source").notNull(),
  },
  (table) => [index("audit_by_time").on(table.atMs)],
);
