import type { DataCentre, EngineHandle } from "@evenkeel/lab/engines/engine-handle";
import type { ManagedProcess } from "@evenkeel/lab/processes/process-spec";
import { createRandom, type Random } from "../sim/random.ts";
import type { TwoSites } from "./two-sites.ts";

/** Callers that run one transaction after the other. */
const CALLERS = 8;
/** So many transactions are acknowledged after each switch before the next one is ordered. */
const PER_SWITCH = 3;
/** A server stays stopped for so long at most before anybody decides anything, in milliseconds. */
const HANG_MAX_MS = 20;
const PLANNED = { decidedBy: "operator:a test" };
/** Nothing is acknowledged any more: longer than any start of a server takes, in milliseconds. */
const STUCK_MS = 60_000;

/** What happens at a turn, and how often among a hundred. */
const TURNS = [
  { type: "planned", share: 40 },
  { type: "automatic", share: 40 },
  { type: "active-hangs", share: 10 },
  { type: "standby-hangs", share: 4 },
  { type: "into-a-hang-and-back", share: 4 },
  { type: "active-dies", share: 1 },
  { type: "standby-dies", share: 1 },
] as const;
type TurnType = (typeof TURNS)[number]["type"];

/** Where is switched: the route, and of each data centre what can be made ill, and what it holds. */
export interface SwitchedSites extends Pick<TwoSites, "route"> {
  readonly engine: Pick<EngineHandle, "holdsOrders"> & {
    readonly dataCentres: Readonly<
      Record<DataCentre, { readonly process: Pick<ManagedProcess, "stop" | "cont" | "kill" | "revive"> }>
    >;
  };
}

/** Who switches, and who works. */
export interface Rig {
  readonly sites: SwitchedSites;
  /** Writes two orders in one transaction. */
  transact(first: string, second: string): Promise<void>;
}

/** What many switches did to the callers. */
export interface ManyOutcome {
  /** Every transaction that was tried; its orders are this and `-a`, and this and `-b`. */
  readonly tried: readonly string[];
  readonly acknowledged: readonly string[];
  /** How often each error came, by its code, and whether a server hung or was dead at that time. */
  readonly failures: ReadonlyMap<string, number>;
  readonly turns: ReadonlyMap<TurnType, number>;
}

/**
 * Switches again and again under load.
 *
 * @param rig who switches, and who works
 * @param count switches, planned and automatic ones
 * @param faults false: servers neither hang nor die
 * @param seed of the turns
 */
export async function switchManyTimes(
  rig: Rig,
  { count, faults, seed }: { readonly count: number; readonly faults: boolean; readonly seed: number },
): Promise<ManyOutcome> {
  const load = startLoad(rig);
  const random = createRandom(seed);
  const turns = new Map<TurnType, number>();
  let active: DataCentre = "dc1";
  for (let turn = 0; turn < count; turn += 1) {
    const type = chooseTurn(random, faults);
    turns.set(type, (turns.get(type) ?? 0) + 1);
    active = await take(type, { ...rig, active, load, random });
    await load.goOn();
  }
  return { ...(await load.end()), turns };
}

function chooseTurn(random: Random, faults: boolean): TurnType {
  let left = random.between(0, (faults ? 100 : 80) - 1);
  for (const { type, share } of TURNS) {
    left -= share;
    if (left < 0) return type;
  }
  return "planned";
}

interface Turn extends Rig {
  readonly active: DataCentre;
  readonly load: Load;
  readonly random: Random;
}

/** @returns the active data centre after it */
async function take(type: TurnType, turn: Turn): Promise<DataCentre> {
  const { sites, active, load, random } = turn;
  const other = active === "dc1" ? "dc2" : "dc1";
  const process = (site: DataCentre) => sites.engine.dataCentres[site].process;
  const hang = async (site: DataCentre): Promise<void> => {
    load.isIll = true;
    process(site).stop();
    await pause(random.between(0, HANG_MAX_MS));
  };
  const heal = (site: DataCentre): void => {
    process(site).cont();
    load.isIll = false;
  };
  switch (type) {
    case "planned":
    case "automatic":
      await sites.route({ active: other, ...(type === "planned" ? PLANNED : {}) });
      return other;
    case "active-hangs":
      await hang(active);
      await sites.route({ active: other });
      await load.goOn();
      heal(active);
      return other;
    case "standby-hangs":
      await hang(other);
      await load.goOn();
      heal(other);
      return active;
    case "into-a-hang-and-back":
      await hang(other);
      await sites.route({ active: other });
      await sites.route({ active });
      await load.goOn();
      heal(other);
      return active;
    case "active-dies":
      load.isIll = true;
      await process(active).kill();
      await sites.route({ active: other });
      await load.goOn();
      await process(active).revive();
      load.isIll = false;
      return other;
    case "standby-dies":
      load.isIll = true;
      await process(other).kill();
      await load.goOn();
      await process(other).revive();
      load.isIll = false;
      return active;
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Load {
  /** A server hangs or is dead. */
  isIll: boolean;
  /** Waits until further transactions have been acknowledged. */
  goOn(): Promise<void>;
  end(): Promise<Omit<ManyOutcome, "turns">>;
}

function startLoad({ transact }: Rig): Load {
  const tried: string[] = [];
  const acknowledged: string[] = [];
  const failures = new Map<string, number>();
  let running = true;
  let waiting: { readonly until: number; readonly go: () => void } | null = null;

  const caller = async (name: string): Promise<void> => {
    for (let number = 0; running; number += 1) {
      const id = `${name}-${number}`;
      const wasIll = load.isIll;
      tried.push(id);
      try {
        await transact(`${id}-a`, `${id}-b`);
        acknowledged.push(id);
        if (waiting !== null && acknowledged.length >= waiting.until) waiting.go();
      } catch (error) {
        const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
        const which = `${code}${wasIll || load.isIll ? " while a server was ill" : ""}`;
        failures.set(which, (failures.get(which) ?? 0) + 1);
      }
      // What is refused before anything is sent would otherwise leave no room for the route to arrive.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const load: Load = {
    isIll: false,
    goOn: () =>
      new Promise((resolve, reject) => {
        const stuck = setTimeout(() => {
          const told = JSON.stringify([...failures]);
          reject(new Error(`nothing is acknowledged any more after ${acknowledged.length}: ${told}`));
        }, STUCK_MS);
        const go = (): void => {
          clearTimeout(stuck);
          waiting = null;
          resolve();
        };
        waiting = { until: acknowledged.length + PER_SWITCH, go };
      }),
    async end() {
      running = false;
      await Promise.all(callers);
      return { tried, acknowledged, failures };
    },
  };
  const callers = Array.from({ length: CALLERS }, (_, at) => caller(`many-${performance.now()}-${at}`));
  return load;
}

/**
 * Looks at both servers for what must never be: half a transaction, a transaction on one side by half and on the other by
 * half, or an acknowledged one that neither holds.
 *
 * @param sites the servers; both run
 * @param outcome what was done
 */
export async function findBroken(
  { engine }: SwitchedSites,
  { tried, acknowledged }: Pick<ManyOutcome, "tried" | "acknowledged">,
): Promise<{ readonly split: string[]; readonly lost: string[] }> {
  const ids = tried.flatMap((id) => [`${id}-a`, `${id}-b`]);
  const held = [await engine.holdsOrders("dc1", ids), await engine.holdsOrders("dc2", ids)];
  const split = tried.filter((id) => held.some((of) => of.has(`${id}-a`) !== of.has(`${id}-b`)));
  const lost = acknowledged.filter((id) => held.every((of) => !of.has(`${id}-a`)));
  return { split, lost };
}
