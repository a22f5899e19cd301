import { Route, routeKey, TRAIL_MAX } from "@evenkeel/contracts/route";
import type { Random } from "./random.ts";
import type { Topology, Truth, World } from "./world.ts";
import { APPLICATION, dcOf, INSTANCE, MONITOR, TIMING } from "./world.ts";

/** One thing that goes wrong (or that people do) at a time, and how long it lasts; virtual milliseconds. */
export interface Fault {
  readonly kind: keyof typeof KINDS;
  readonly atMs: number;
  readonly forMs: number;
  /** Chooses what it strikes. */
  readonly dice: number;
}

/** When a history ends, in virtual milliseconds. */
export const HORIZON_MS = 30_000;
/** When everything is connected and every candidate has been logged in to. */
export const SETTLED_MS = 3000;
const FAULTS_MAX = 6;

type Act = (world: World, dice: number) => (() => void) | undefined;

const site = (world: World, dice: number) => world.sites[dice % world.sites.length] ?? "s1";
const dataSite = (world: World, dice: number) => `s${1 + (dice % world.topology.dataSites)}`;
const agent = (world: World, dice: number) => {
  const found = world.agents[dice % world.agents.length];
  if (found === undefined) throw new Error("there are no agents");
  return found;
};
const store = (world: World, dice: number) => {
  const found = world.stores[dice % world.stores.length];
  if (found === undefined) throw new Error("there are no stores");
  return found;
};
/** Home is struck more often than the others: that is what the product is for. */
const dataCentre = (world: World, dice: number) => (dice % 3 === 0 ? "dc1" : dcOf(dataSite(world, dice)));
const become =
  (truth: Truth): Act =>
  (world, dice) => {
    const dc = dataCentre(world, dice);
    world.truth(dc, truth);
    return () => void world.truth(dc, "up");
  };

function command(world: World, dice: number, force: boolean, stale: boolean): void {
  const to = dcOf(dataSite(world, dice));
  const expectedEpoch = Math.max(1, (world.instance.row(MONITOR)?.route.epoch ?? 1) - (stale ? 1 : 0));
  const more = force ? { reason: "because" } : {};
  const idempotencyKey = `key-${dice}-0000`;
  const before = world.instance.row(MONITOR);
  const order = { to, expectedEpoch, idempotencyKey, force, ...more };
  for (const { reply } of world.instance.command(MONITOR, { type: "switch", command: order })) {
    const isObeyed = reply.ok && reply.result.status !== "joined";
    if (isObeyed && before !== null && before.route.epoch !== expectedEpoch)
      world.oracles.fail(
        "SAFE-7",
        `a command for epoch ${expectedEpoch} was obeyed at ${before.route.epoch}`,
      );
  }
}

function retarget(world: World, dc: string, typo: boolean): void {
  world.change((plan) => ({
    ...plan,
    monitors: plan.monitors.map((monitor) => ({
      ...monitor,
      dataCentres: monitor.dataCentres.map((one) =>
        one.name === dc
          ? { ...one, targetVersion: one.targetVersion + 1, config: { dc, ...(typo ? { typo } : {}) } }
          : one,
      ),
    })),
  }));
}

/** A person writes the next epoch into the stores by hand, as the break-glass instructions say. */
function breakGlass(world: World, dice: number): void {
  const key = routeKey(INSTANCE, APPLICATION, MONITOR);
  const active = dcOf(dataSite(world, dice));
  // People read what the stores hold, not what the control plane believes, and go on from the highest epoch.
  const held = world.stores.flatMap((one) => {
    const entry = one.entries().find((candidate) => candidate.key === key);
    return entry === undefined ? [] : [{ store: one, route: Route.parse(JSON.parse(entry.value)) }];
  });
  const [latest] = held.map((one) => one.route).sort((a, b) => b.epoch - a.epoch);
  if (latest === undefined) return;
  const next: Route = {
    ...latest,
    epoch: latest.epoch + 1,
    decision: `bg-${dice}-${latest.epoch}`,
    after: latest.decision,
    trail: [latest.decision, ...(latest.trail ?? [])].slice(0, TRAIL_MAX),
    active,
    decidedBy: "operator:break-glass",
  };
  for (const { store, route } of held) {
    if (route.decision === latest.decision) store.write(key, JSON.stringify(next));
  }
}

/** What can go wrong; what an act returns heals it. */
const KINDS = {
  "target dies": become("dead"),
  "target hangs": become("hanging"),
  "target is grey": become("grey"),
  "target refuses our account": become("denying"),
  "target is degraded": become("degraded"),
  "target flaps": (world, dice) => {
    const dc = dataCentre(world, dice);
    let live = true;
    const flip = () => {
      if (!live) return;
      world.truth(dc, world.truth(dc) === "up" ? "dead" : "up");
      world.timeline.after(300 + (dice % 1500), flip);
    };
    flip();
    return () => {
      live = false;
      world.truth(dc, "up");
    };
  },
  "site loses power": (world, dice) => {
    const struck = dataSite(world, dice);
    world.edge(struck, "lost", "lost");
    world.truth(dcOf(struck), "dead");
    for (const other of world.sites) if (other !== struck) world.cut(struck, other, true);
    const agents = world.agents.filter((one) => one.site === struck);
    for (const one of agents) one.kill();
    return () => {
      world.edge(struck, "open", "open");
      world.truth(dcOf(struck), "up");
      for (const other of world.sites) if (other !== struck) world.cut(struck, other, false);
      for (const one of agents) one.start();
    };
  },
  "edge is unreachable from a site": (world, dice) => {
    const struck = site(world, dice);
    world.edge(struck, "lost", "lost");
    return () => world.edge(struck, "open", "open");
  },
  "one way to the edge is lost": (world, dice) => {
    const struck = site(world, dice);
    if (dice % 2 === 0) world.edge(struck, "lost", "open");
    else world.edge(struck, "open", "lost");
    return () => world.edge(struck, "open", "open");
  },
  "a connection stalls and bursts": (world, dice) => {
    const struck = site(world, dice);
    world.edge(struck, "stalled", dice % 2 === 0 ? "open" : "stalled");
    return () => world.edge(struck, "open", "open");
  },
  "sites are cut from each other": (world, dice) => {
    const from = site(world, dice);
    const to = site(world, dice + 1 + (dice % 2));
    world.cut(from, to, true);
    return () => world.cut(from, to, false);
  },
  "a site is cut from a store": (world, dice) => {
    const from = site(world, dice);
    const { id } = store(world, dice);
    world.cut(from, id, true);
    return () => world.cut(from, id, false);
  },
  "a store has no quorum": (world, dice) => {
    const struck = store(world, dice);
    struck.setQuorum(false);
    return () => struck.setQuorum(true);
  },
  "a store goes back to a backup": (world, dice) => {
    const struck = store(world, dice);
    struck.backUp();
    return () => void struck.restore();
  },
  "an agent is killed": (world, dice) => {
    const struck = agent(world, dice);
    struck.kill();
    return () => struck.start();
  },
  "an agent stands still": (world, dice) => void agent(world, dice).freeze(300 + (dice % 4000)),
  "an agent's clock drifts": (world, dice) => void agent(world, dice).drift(((dice % 21) - 10) / 2000),
  "an agent's token is refused": (world, dice) => {
    const struck = site(world, dice);
    world.refuse(struck, true);
    world.cutAllSockets();
    return () => world.refuse(struck, false);
  },
  "all sockets are cut": (world) => world.cutAllSockets(),
  "the object is evicted": (world) => world.instance.evict(),
  "a deploy": (world) => world.instance.deploy(),
  "a crash before a commit": (world) => world.instance.crashAtNextCommit("before-commit"),
  "a crash after a commit": (world) => world.instance.crashAtNextCommit("after-commit"),
  "the object goes back to a backup": (world) => {
    world.instance.backUp();
    return () => void world.instance.restore();
  },
  "the edge's clock jumps": (world, dice) =>
    world.instance.jumpClock((dice % 2 === 0 ? 1 : -1) * (dice % 60_000)),
  "alarms are late": (world, dice) => {
    world.instance.delayAlarms(dice % 60_000);
    return () => world.instance.delayAlarms(0);
  },
  "a typo in the plan": (world, dice) => {
    const dc = dataCentre(world, dice);
    retarget(world, dc, true);
    return () => retarget(world, dc, false);
  },
  "an edit of the plan": (world, dice) => retarget(world, dataCentre(world, dice), false),
  "somebody switches": (world, dice) => command(world, dice, false, false),
  "somebody switches twice": (world, dice) => {
    command(world, dice, false, false);
    command(world, dice, false, false);
  },
  "somebody switches by an old picture": (world, dice) => command(world, dice, dice % 2 === 0, true),
  "somebody forces a switch": (world, dice) => command(world, dice, true, false),
  "somebody arms": (world, dice) => {
    const expectedEpoch = world.instance.row(MONITOR)?.route.epoch ?? 1;
    const order = { expectedEpoch, idempotencyKey: `arm-${dice}-0000`, reason: "because" };
    world.instance.command(MONITOR, { type: "arm", command: order });
  },
  "somebody changes access": (world, dice) => {
    const expectedEpoch = world.instance.row(MONITOR)?.route.epoch ?? 1;
    const flags = { readable: dice % 2 === 0, writable: dice % 4 < 2 };
    const order = { dataCentre: "dc1", ...flags, expectedEpoch, idempotencyKey: `acc-${dice}-0000` };
    world.instance.command(MONITOR, { type: "access", command: order });
  },
  "somebody breaks the glass": breakGlass,
} satisfies Record<string, Act | ((world: World, dice: number) => void)>;

const NAMES = Object.keys(KINDS) as (keyof typeof KINDS)[];

/** What one history consists of. */
export interface Script {
  readonly topology: Topology;
  /** Home dies for good, nothing that could forbid a switch happens: the route must move. */
  readonly mustSwitch: boolean;
  readonly faults: readonly Fault[];
}

/** Faults that leave two domains, the stores and the object as they are. */
const HARMLESS: readonly (keyof typeof KINDS)[] = [
  "the object is evicted",
  "an agent's clock drifts",
  "somebody switches by an old picture",
];

/**
 * Writes the script of a history.
 *
 * @param random the seed's randomness
 */
export function writeScript(random: Random): Script {
  const topology: Topology = {
    dataSites: random.chance(0.3) ? 3 : 2,
    witness: random.chance(0.7),
    stores: random.chance(0.5) ? "one" : "per-site",
  };
  const mustSwitch = random.chance(0.35);
  const names = mustSwitch ? HARMLESS : NAMES;
  const many = random.between(mustSwitch ? 0 : 1, mustSwitch ? 2 : FAULTS_MAX);
  const faults = Array.from(
    { length: many },
    (): Fault => ({
      kind: random.pick(names),
      atMs: random.between(mustSwitch ? SETTLED_MS : 500, mustSwitch ? 7000 : 20_000),
      forMs: random.between(100, 12_000),
      dice: random.between(0, 1_000_000),
    }),
  );
  const dies = mustSwitch || random.chance(0.5);
  // The dice 3 strikes home.
  const death: Fault = {
    kind: random.chance(0.7) ? "target dies" : "target hangs",
    atMs: random.between(9000, 14_000),
    forMs: mustSwitch ? HORIZON_MS : random.between(500, HORIZON_MS),
    dice: 3,
  };
  return { topology, mustSwitch, faults: dies ? [...faults, death] : faults };
}

/**
 * Plans a fault on a world's time line.
 *
 * @param world the world
 * @param fault what goes wrong
 */
export function inject(world: World, fault: Fault): void {
  world.timeline.after(fault.atMs - world.timeline.now(), () => {
    const act: Act | ((world: World, dice: number) => void) = KINDS[fault.kind];
    const heal = act(world, fault.dice);
    if (heal !== undefined) world.timeline.after(fault.forMs, heal);
  });
}

/** How long a dead home may take at most until every connected SDK follows; virtual milliseconds. */
export const SWITCH_BOUND_MS = TIMING.monitorTimeoutMs + 2 * TIMING.accessTimeoutMs + 3000;
