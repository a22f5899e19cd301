import type { PlannedMonitor } from "@evenkeel/contracts/plan";
import { dcOf, MONITORS, targetOf } from "./installation.ts";
import { breakGlass, orderBatch, orderSwitch } from "./operators.ts";
import type { Truth } from "./targets.ts";
import type { World } from "./world.ts";

/** Ends a fault. */
export type Heal = () => void;

/** Does something to a world; the dice choose what it strikes. What lasts by itself is told for how long. */
export type Act = (world: World, dice: number, forMs: number) => Heal;

const NOTHING: Heal = () => undefined;
const LONGEST_FREEZE_MS = 4300;
const LONGEST_JUMP_MS = 60_000;
const FLAP_MS = 1500;
const RESTORE_MS = 3000;

function pick<T>(from: readonly T[], dice: number): T {
  const found = from[dice % from.length];
  if (found === undefined) throw new Error("there is nothing to strike");
  return found;
}
const site = (world: World, dice: number) => pick(world.sites, dice);
const dataSites = (world: World) => world.sites.filter((one) => one !== "sw");
const dataSite = (world: World, dice: number) => pick(dataSites(world), dice);
const agent = (world: World, dice: number) => pick(world.agents, dice);
const store = (world: World, dice: number) => pick(world.stores, dice);
const monitor = (world: World, dice: number) => pick(MONITORS.slice(0, world.topology.monitors), dice);
/** Home is struck more often than the others: that is what the product is for. Dice 0 strike the first monitor's. */
const dataCentre = (world: World, dice: number) => (dice % 3 === 0 ? "dc1" : dcOf(dataSite(world, dice)));
const target = (world: World, dice: number) => targetOf(monitor(world, dice), dataCentre(world, dice));

const become =
  (truth: Truth): Act =>
  (world, dice) => {
    const struck = target(world, dice);
    world.targets.become(struck, truth);
    return () => world.targets.become(struck, "up");
  };

function strikeSite(world: World, struck: string, truth: Truth): void {
  for (const id of MONITORS) world.targets.become(targetOf(id, dcOf(struck)), truth);
}

/** Changes one monitor of the plan. */
function edit(world: World, id: string, change: (monitor: PlannedMonitor) => PlannedMonitor): void {
  world.change((plan) => ({
    ...plan,
    monitors: plan.monitors.map((one) => (one.id === id ? change(one) : one)),
  }));
}

function retarget(world: World, id: string, dc: string, typo: boolean): void {
  edit(world, id, (planned) => ({
    ...planned,
    dataCentres: planned.dataCentres.map((one) => {
      if (one.name !== dc) return one;
      const version = one.targetVersion + 1;
      return { ...one, targetVersion: version, config: { target: targetOf(id, dc), version, typo } };
    }),
  }));
}

function freezeEdge(
  world: World,
  struck: string,
  up: "lost" | "stalled",
  down: "lost" | "stalled" | "open",
): Heal {
  world.network.edge(struck, up, down);
  return () => world.network.edge(struck, "open", "open");
}

function flap(world: World, dice: number): Heal {
  const struck = target(world, dice);
  let live = true;
  const flip = () => {
    if (!live) return;
    world.targets.become(struck, world.targets.truth(struck) === "up" ? "dead" : "up");
    world.timeline.after(300 + (dice % FLAP_MS), flip);
  };
  flip();
  return () => {
    live = false;
    world.targets.become(struck, "up");
  };
}

/**
 * Cuts the power of a site: its targets are dead, its agents end, nothing reaches it.
 *
 * @param world the world
 * @param struck the site
 * @returns brings it back
 */
export function cutPower(world: World, struck: string): Heal {
  const others = [...world.sites.filter((one) => one !== struck), "main"];
  const agents = world.agents.filter((one) => one.site === struck);
  world.network.edge(struck, "lost", "lost");
  strikeSite(world, struck, "dead");
  for (const other of others) world.network.cut(struck, other, true);
  for (const one of agents) one.kill();
  return () => {
    world.network.edge(struck, "open", "open");
    strikeSite(world, struck, "up");
    for (const other of others) world.network.cut(struck, other, false);
    for (const one of agents) one.start();
  };
}

const planFaults = {
  "a typo in the plan": (world, dice) => {
    const [id, dc] = [monitor(world, dice), dataCentre(world, dice)];
    retarget(world, id, dc, true);
    return () => retarget(world, id, dc, false);
  },
  "an edit of the plan": (world, dice) => {
    retarget(world, monitor(world, dice), dataCentre(world, dice), false);
    return NOTHING;
  },
  "home is changed in the plan": (world, dice) => {
    const id = monitor(world, dice);
    const home = world.plan().monitors.find((one) => one.id === id)?.home ?? "dc1";
    edit(world, id, (planned) => ({ ...planned, home: home === "dc1" ? "dc2" : "dc1" }));
    return () => edit(world, id, (planned) => ({ ...planned, home }));
  },
  "a monitor is deleted": (world) => {
    const id = MONITORS[world.topology.monitors - 1];
    if (world.topology.monitors > 1)
      world.change((plan) => ({ ...plan, monitors: plan.monitors.filter((one) => one.id !== id) }));
    return NOTHING;
  },
  "a maintenance window": (world, dice) => {
    const id = monitor(world, dice);
    const window = { fromMs: 0, untilMs: Number.MAX_SAFE_INTEGER, reason: "new disks" };
    edit(world, id, (planned) => ({ ...planned, windows: [window] }));
    return () => edit(world, id, (planned) => ({ ...planned, windows: [] }));
  },
  "the automatic switch is turned off": (world, dice) => {
    const id = monitor(world, dice);
    edit(world, id, (planned) => ({ ...planned, automatic: false }));
    return () => edit(world, id, (planned) => ({ ...planned, automatic: true }));
  },
  "the instance does not act": (world, dice) => {
    const mode = dice % 2 === 0 ? "hold" : "observe";
    world.change((plan) => ({ ...plan, settings: { ...plan.settings, mode } }));
    return () => world.change((plan) => ({ ...plan, settings: { ...plan.settings, mode: "act" } }));
  },
} satisfies Record<string, Act>;

const peopleFaults = {
  "somebody switches": (world, dice) => {
    const to = dcOf(dataSite(world, dice));
    orderSwitch(world, monitor(world, dice), { to, idempotencyKey: `key-${dice}-0000` });
    return NOTHING;
  },
  "somebody switches twice": (world, dice) => {
    const order = { to: dcOf(dataSite(world, dice)), idempotencyKey: `key-${dice}-0000` };
    const id = monitor(world, dice);
    orderSwitch(world, id, order);
    // The same key again: at once, and when the first one is long done.
    world.timeline.after(dice % 3 === 0 ? 0 : dice % 800, () => void orderSwitch(world, id, order));
    return NOTHING;
  },
  "two people switch": (world, dice) => {
    const id = monitor(world, dice);
    orderSwitch(world, id, { to: dcOf(dataSite(world, dice)), idempotencyKey: `ann-${dice}-0000` });
    const second = { to: dcOf(dataSite(world, dice + 1)), idempotencyKey: `bob-${dice}-0000` };
    world.timeline.after(dice % 100, () => void orderSwitch(world, id, second));
    return NOTHING;
  },
  "somebody switches by an old picture": (world, dice) => {
    const id = monitor(world, dice);
    const expectedEpoch = Math.max(1, (world.instance.row(id)?.route.epoch ?? 1) - 1);
    const more = dice % 2 === 0 ? { force: true, reason: "because" } : {};
    const to = dcOf(dataSite(world, dice));
    orderSwitch(world, id, { to, expectedEpoch, idempotencyKey: `old-${dice}-0000`, ...more });
    return NOTHING;
  },
  "somebody forces a switch": (world, dice) => {
    const to = dcOf(dataSite(world, dice));
    const order = { to, idempotencyKey: `force-${dice}-00`, force: true, reason: "because" };
    orderSwitch(world, monitor(world, dice), order);
    return NOTHING;
  },
  "somebody switches everything": (world, dice) => {
    const force = dice % 4 === 0 ? { force: true, reason: "because" } : {};
    const order = { idempotencyKey: `all-${dice}-0000`, skipBlocked: dice % 2 === 0, ...force };
    orderBatch(world, dcOf(dataSite(world, dice)), order);
    return NOTHING;
  },
  "somebody arms": (world, dice) => {
    const id = monitor(world, dice);
    const expectedEpoch = world.instance.row(id)?.route.epoch ?? 1;
    const command = { expectedEpoch, idempotencyKey: `arm-${dice}-0000`, reason: "because" };
    world.instance.command(id, { type: "arm", command });
    return NOTHING;
  },
  "somebody changes access": (world, dice) => {
    const id = monitor(world, dice);
    const expectedEpoch = world.instance.row(id)?.route.epoch ?? 1;
    const flags = { readable: dice % 2 === 0, writable: dice % 4 < 2 };
    const command = { dataCentre: "dc1", ...flags, expectedEpoch, idempotencyKey: `acc-${dice}-0000` };
    world.instance.command(id, { type: "access", command });
    return NOTHING;
  },
  "somebody breaks the glass": (world, dice) => {
    breakGlass(world, monitor(world, dice), dcOf(dataSite(world, dice)));
    return NOTHING;
  },
} satisfies Record<string, Act>;

const objectFaults = {
  "the object is evicted": (world) => {
    world.instance.evict();
    return NOTHING;
  },
  "a deploy": (world) => {
    world.instance.deploy();
    return NOTHING;
  },
  "a crash before a commit": (world) => {
    world.instance.crashAtNextCommit("before-commit");
    return () => world.instance.crashAtNextCommit(null);
  },
  "a crash after a commit": (world) => {
    world.instance.crashAtNextCommit("after-commit");
    return () => world.instance.crashAtNextCommit(null);
  },
  "the object goes back to a backup": (world) => {
    world.instance.backUp();
    return () => void world.instance.restore();
  },
  "the object has a twin": (world, dice) =>
    world.split(world.sites.filter((_, index) => ((dice >> index) & 1) === 1)),
  "the edge's clock jumps": (world, dice) => {
    world.instance.jumpClock((dice % 2 === 0 ? 1 : -1) * (dice % LONGEST_JUMP_MS));
    return NOTHING;
  },
  "alarms are late": (world, dice) => {
    world.instance.delayAlarms(1 + (dice % LONGEST_JUMP_MS));
    return () => world.instance.delayAlarms(0);
  },
} satisfies Record<string, Act>;

const networkFaults = {
  "edge is unreachable from a site": (world, dice) => freezeEdge(world, site(world, dice), "lost", "lost"),
  "one way to the edge is lost": (world, dice) => {
    const struck = site(world, dice);
    if (dice % 2 === 0) world.network.edge(struck, "lost", "open");
    else world.network.edge(struck, "open", "lost");
    return () => world.network.edge(struck, "open", "open");
  },
  "a connection stalls and bursts": (world, dice) =>
    freezeEdge(world, site(world, dice), "stalled", dice % 2 === 0 ? "open" : "stalled"),
  "sites are cut from each other": (world, dice) => {
    const from = site(world, dice);
    const to = site(world, dice + 1 + (dice % 2));
    world.network.cut(from, to, true);
    return () => world.network.cut(from, to, false);
  },
  "a site is cut from all others": (world, dice) => {
    const struck = site(world, dice);
    for (const other of world.sites) world.network.cut(struck, other, true);
    return () => {
      for (const other of world.sites) world.network.cut(struck, other, false);
    };
  },
  "a site is cut from a store": (world, dice) => {
    const from = site(world, dice);
    const { id } = store(world, dice);
    world.network.cut(from, id, true);
    return () => world.network.cut(from, id, false);
  },
  "a store has no quorum": (world, dice) => {
    const struck = store(world, dice);
    struck.setQuorum(false);
    return () => struck.setQuorum(true);
  },
  "a store goes back to a backup": (world, dice) => {
    const struck = store(world, dice);
    struck.backUp();
    return () => {
      // A cluster is restored while it stands still.
      struck.setQuorum(false);
      struck.restore();
      world.timeline.after(RESTORE_MS, () => struck.setQuorum(true));
    };
  },
  "all sockets are cut": (world) => {
    world.cutAllSockets();
    return NOTHING;
  },
  "an agent's token is refused": (world, dice) => {
    const struck = site(world, dice);
    world.refuse(struck, true);
    world.cutAllSockets();
    return () => world.refuse(struck, false);
  },
} satisfies Record<string, Act>;

const machineFaults = {
  "target dies": become("dead"),
  "target hangs": become("hanging"),
  "target is grey": become("grey"),
  "target refuses our account": become("denying"),
  "a target's password is changed": become("rotated"),
  "target is degraded": become("degraded"),
  "target flaps": flap,
  "all databases of a site die": (world, dice) => {
    const struck = dice % 3 === 0 ? "s1" : dataSite(world, dice);
    strikeSite(world, struck, dice % 2 === 0 ? "dead" : "hanging");
    return () => strikeSite(world, struck, "up");
  },
  "site loses power": (world, dice) => cutPower(world, dataSite(world, dice)),
  "an agent is killed": (world, dice) => {
    const struck = agent(world, dice);
    struck.kill();
    return () => struck.start();
  },
  "an agent stands still": (world, dice, forMs) => {
    agent(world, dice).freeze(Math.min(forMs, LONGEST_FREEZE_MS));
    return NOTHING;
  },
  "an agent's clock drifts": (world, dice) => {
    agent(world, dice).drift(((dice % 21) - 10) / 2000);
    return NOTHING;
  },
  "an application is restarted": (world, dice) => {
    world.startApplication(dataSite(world, dice));
    return NOTHING;
  },
} satisfies Record<string, Act>;

/** What can go wrong and what people can do; what an act returns heals it. */
export const KINDS = {
  ...machineFaults,
  ...networkFaults,
  ...objectFaults,
  ...planFaults,
  ...peopleFaults,
} satisfies Record<string, Act>;

/** Name of a fault. */
export type FaultKind = keyof typeof KINDS;

/** Two histories of one route may come of these, so that a suspected split brain is right. */
export const FORKING: readonly FaultKind[] = [
  "the object has a twin",
  "the object goes back to a backup",
  "a store goes back to a backup",
  "somebody breaks the glass",
];
