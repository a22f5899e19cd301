import { z } from "zod";
import { CopySettings, HoldMs, LoadBalance, MaxStalenessMs, RoutingAlgorithm } from "./sdk-config.ts";

/** Databases that a monitor has settings for at most. */
const POOLS_MAX = 20;
const DATABASE_MAX = 128;
const VARIABLE_PREFIX = /^[A-Z][A-Z0-9_]{0,38}$/;

/**
 * How the SDK of applications uses one connected database. It is what the SDK configuration says that is handed out;
 * nothing of it reaches the agents.
 */
export const PoolSettings = z.strictObject({
  /** The connected database; null: of kinds that have none. */
  database: z.string().trim().min(1).max(DATABASE_MAX).nullable().default(null),
  /** Absent: the kind's default, or the monitor's own for kinds that have the algorithm among their settings. */
  algorithm: RoutingAlgorithm.optional(),
  /** Whether reads go to the replicas of the data centre that is read from. */
  readReplicas: z.boolean().default(false),
  /** How they are spread over them. */
  loadBalance: LoadBalance.default("round-robin"),
  /** Milliseconds by which a read beside the active side may be behind; null: not bounded. */
  maxStalenessMs: MaxStalenessMs.nullable().default(null),
  /** Milliseconds for which new writes wait at most for a planned switch; 0: they do not. */
  holdMs: HoldMs.default(0),
  /** How copies wait, for the algorithms that write doubly; null: as the SDK does by itself, in memory. */
  copies: CopySettings.nullable().default(null),
});
/** See above, with its defaults. */
export type PoolSettings = z.infer<typeof PoolSettings>;

/** The settings of all connected databases of a monitor; one that is not named has the defaults. */
export const PoolList = z.array(PoolSettings).max(POOLS_MAX);

const COPIES = CopySettings.shape;

/** What the SDK configuration of a monitor is for, and what differs in it from what is stored with the monitor. */
export const SdkConfigQuery = z.object({
  /** The site that the process runs in, by name or id; needed where the instance has several route stores. */
  site: z.string().max(100).optional(),
  /**
   * What stands before the names of the data centres' variables (`SHOP` makes `SHOP_DC1_PASSWORD`), for processes that
   * open several monitors: each of them has a dc1.
   */
  prefix: z
    .string()
    .regex(VARIABLE_PREFIX, "must consist of capitals, digits and underscores, and begin with a capital")
    .optional(),
  /** The connected database; the first one if left out. */
  database: z.string().max(DATABASE_MAX).optional(),
  algorithm: RoutingAlgorithm.optional(),
  readReplicas: z.enum(["true", "false"]).optional(),
  loadBalance: LoadBalance.optional(),
  /** 0: not bounded. */
  maxStalenessMs: z.union([z.literal("0"), z.coerce.number().pipe(MaxStalenessMs)]).optional(),
  holdMs: z.coerce.number().pipe(HoldMs).optional(),
  /** Where copies wait, and how, for the algorithms that write doubly. */
  queue: COPIES.queue.unwrap().optional(),
  directory: COPIES.directory,
  fsync: COPIES.fsync.unwrap().optional(),
  overflow: COPIES.overflow.unwrap().optional(),
  maxEntries: z.coerce.number().pipe(COPIES.maxEntries.unwrap()).optional(),
  maxBytes: z.coerce.number().pipe(COPIES.maxBytes.unwrap()).optional(),
  closeWithinMs: z.coerce.number().pipe(COPIES.closeWithinMs.unwrap()).optional(),
});
/** See above. */
export type SdkConfigQuery = z.infer<typeof SdkConfigQuery>;
