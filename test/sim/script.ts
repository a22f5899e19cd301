import type { ArbitrationSettings } from "@evenkeel/contracts/plan";
import { type Act, type FaultKind, KINDS } from "./faults.ts";
import { TIMING, type Topology } from "./installation.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** One thing that goes wrong (or that people do) at a time, and how long it lasts; virtual milliseconds. */
export interface Fault {
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly forMs: number;
  /** Chooses what it strikes. */
  readonly dice: number;
}

/** How long a history may take from the death of home until every connected SDK follows, in virtual milliseconds. */
export const boundOf = (death: Fault) =>
  death.kind === "site loses power" ? SITE_BOUND_MS : SWITCH_BOUND_MS;

/** What one history consists of. */
export interface Script {
  readonly topology: Topology;
  readonly settings: Partial<ArbitrationSettings>;
  /** Home dies for good, nothing that could forbid a switch happens: the route must move. */
  readonly mustSwitch: boolean;
  readonly faults: readonly Fault[];
}

/** When everything is connected and every candidate has been logged in to, in virtual ms. */
export const SETTLED_MS = 1500;
/** All faults are healed by then, in virtual ms. */
export const HEALED_MS = 10_000;
/**
 * Afterwards all must agree again within this time: a handshake that hangs (5 s), the longest wait before the next one
 * (5 s), and the pause before an owed route is sent again (5 s); virtual milliseconds.
 */
export const AGREED_MS = 16_000;
/** Whether they agree is asked so often, in virtual milliseconds. */
export const AGREEMENT_STEP_MS = 500;
/** How long a dead home may take at most until every connected SDK follows, in virtual milliseconds. */
export const SWITCH_BOUND_MS =
  TIMING.monitorTimeoutMs + 2 * TIMING.accessTimeoutMs + TIMING.retryIntervalMs + 500;
/**
 * The same for a whole site that is lost: its silence has to last for the silence limit or the site time-out, whichever
 * is longer, and is looked at every few seconds only; virtual milliseconds.
 */
export const SITE_BOUND_MS = 10_000;
/** The site time-out of histories in which a lost site is switched away from, in virtual milliseconds. */
const SITE_TIMEOUT_MS = 3000;
/** When the first fault strikes at the earliest, and between which times home dies; virtual milliseconds. */
const FIRST_MS = 300;
const DEATH_MIN_MS = 5000;
const DEATH_MAX_MS = 6500;
const FAULTS_MAX = 6;
/** Half of a time in which faults come close together: they bear on one switch, in virtual milliseconds. */
const CLOSE_MS = 2000;
const DICE_MAX = 1_000_000;
/** Short faults before the death of home, in virtual milliseconds. */
const PASSING_MAX_MS = 900;
const PASSING_UNTIL_MS = 3000;

/** Faults that are over before home dies, and that must not keep anybody from noticing that. */
const PASSING: readonly FaultKind[] = [
  "the object is evicted",
  "a deploy",
  "a crash before a commit",
  "a crash after a commit",
  "alarms are late",
  "all sockets are cut",
  "an agent is killed",
  "an agent stands still",
  "an agent's clock drifts",
  "an application is restarted",
  "an edit of the plan",
  "a connection stalls and bursts",
  "sites are cut from each other",
  "a site is cut from a store",
  "a store has no quorum",
  "somebody switches by an old picture",
  "target dies",
  "target hangs",
  "target is grey",
  "target is degraded",
];
const NAMES = Object.keys(KINDS) as FaultKind[];

function writeTopology(random: Random): Topology {
  return {
    dataSites: random.chance(0.3) ? 3 : 2,
    witness: random.chance(0.7),
    stores: random.chance(0.5) ? "one" : "per-site",
    links: random.chance(0.25),
    holds: random.chance(0.5),
    monitors: random.chance(0.75) ? 1 : random.chance(0.5) ? 2 : 3,
  };
}

function writePassing(random: Random): Fault {
  return {
    kind: random.pick(PASSING),
    atMs: random.between(SETTLED_MS, PASSING_UNTIL_MS),
    forMs: random.between(50, PASSING_MAX_MS),
    dice: random.between(0, DICE_MAX),
  };
}

/** Faults of one history that come close together meet each other; those that are spread meet what is left behind. */
function writeFaults(random: Random, many: number, deathAtMs: number): Fault[] {
  const isClose = random.chance(0.5);
  return Array.from({ length: many }, () => {
    const atMs = isClose
      ? random.between(deathAtMs - CLOSE_MS, deathAtMs + CLOSE_MS)
      : random.between(FIRST_MS, HEALED_MS - 2500);
    return writeFault(random, atMs);
  });
}

function writeFault(random: Random, atMs: number): Fault {
  const forMs = random.between(50, Math.min(HEALED_MS - atMs, 8000));
  return { kind: random.pick(NAMES), atMs, forMs, dice: random.between(0, DICE_MAX) };
}

/**
 * Writes the script of a history.
 *
 * @param random the seed's randomness
 */
export function writeScript(random: Random): Script {
  const topology = writeTopology(random);
  const mustSwitch = random.chance(0.35);
  const many = random.between(mustSwitch ? 0 : 1, mustSwitch ? 2 : FAULTS_MAX);
  const atMs = random.between(DEATH_MIN_MS, DEATH_MAX_MS);
  const faults = mustSwitch
    ? Array.from({ length: many }, () => writePassing(random))
    : writeFaults(random, many, atMs);
  const tight: Partial<ArbitrationSettings> = {
    budgetPerMonitorDay: random.between(0, 2),
    budgetPerSiteMinute: random.between(0, 2),
  };
  const sites: Partial<ArbitrationSettings> = topology.links
    ? { siteSwitch: true, siteTimeoutMs: SITE_TIMEOUT_MS }
    : {};
  const settings = { ...sites, ...(!mustSwitch && random.chance(0.15) ? tight : {}) };
  const kinds: FaultKind[] = ["target dies", "target dies", "target hangs"];
  const death: Fault = {
    kind: random.pick(
      topology.links && mustSwitch ? [...kinds, "site loses power", "site loses power"] : kinds,
    ),
    atMs,
    forMs: mustSwitch ? HEALED_MS + AGREED_MS : random.between(500, HEALED_MS - atMs),
    dice: 0,
  };
  const dies = mustSwitch || random.chance(0.5);
  return { topology, settings, mustSwitch, faults: dies ? [...faults, death] : faults };
}

/**
 * Plans a fault on a world's time line.
 *
 * @param world the world
 * @param fault what goes wrong
 */
export function inject(world: World, fault: Fault): void {
  world.timeline.after(fault.atMs - world.timeline.now(), () => {
    const act: Act = KINDS[fault.kind];
    world.timeline.after(fault.forMs, act(world, fault.dice, fault.forMs));
  });
}
