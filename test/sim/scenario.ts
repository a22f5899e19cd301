import type { InstanceEvent } from "@evenkeel/contracts/event";
import type { ArbitrationSettings } from "@evenkeel/contracts/plan";
import { Route, routeKey } from "@evenkeel/contracts/route";
import { APPLICATION, dcOf, INSTANCE, MONITOR, MONITORS, type Topology, targetOf } from "./installation.ts";
import { SETTLED_MS } from "./script.ts";
import { createWorld, type World } from "./world.ts";

/** Two data centres with a witness and one etcd cluster. */
export const USUAL: Topology = {
  dataSites: 2,
  witness: true,
  stores: "one",
  monitors: 1,
  links: false,
  holds: false,
};
/** The seed of all scenarios: what they show must not hang on it. */
const SEED = 42;

/**
 * Builds a world and lets everything connect.
 *
 * @param topology what differs from USUAL
 * @param settings what differs from the arbitration's defaults
 * @param prepare what holds from the first moment on
 */
export async function begin(
  topology: Partial<Topology> = {},
  settings: Partial<ArbitrationSettings> = {},
  prepare: (world: World) => void = () => undefined,
): Promise<World> {
  const world = createWorld(SEED, { ...USUAL, ...topology }, settings);
  prepare(world);
  await world.run(SETTLED_MS);
  return world;
}

/** Makes all databases of a data centre die, hang or work. */
export function setDatabases(world: World, dc: string, truth: "up" | "dead" | "hanging"): void {
  for (const id of MONITORS.slice(0, world.topology.monitors)) world.targets.become(targetOf(id, dc), truth);
}

/** What the SDK of each site follows: data centre and epoch. */
export function listFollowed(world: World, monitorId: string = MONITOR): Record<string, string> {
  return Object.fromEntries(
    world.applications.map(({ site, follower }) => {
      const route = follower.routeOf(monitorId);
      return [site, route === null ? "nothing" : `${route.active} at ${route.epoch}`];
    }),
  );
}

/** What each store holds: data centre and epoch. */
export function listHeld(world: World, monitorId: string = MONITOR): Record<string, string> {
  return Object.fromEntries(
    world.stores.map((store) => {
      const entry = store.entry(routeKey(INSTANCE, APPLICATION, monitorId));
      const route = entry === null ? null : Route.parse(JSON.parse(entry.value));
      return [store.id, route === null ? "nothing" : `${route.active} at ${route.epoch}`];
    }),
  );
}

/** Events of some kinds, oldest first, as `type: rule or sentence`. */
export function listEvents(world: World, ...types: InstanceEvent["type"][]): string[] {
  return world.instance
    .events()
    .filter((event) => types.includes(event.type))
    .map((event) => `${event.type}: ${event.because.id}`)
    .reverse();
}

/** The monitor as people see it. */
export function look(world: World, monitorId: string = MONITOR) {
  const monitor = world.instance.view()?.monitors.find((one) => one.id === monitorId);
  if (monitor === undefined) throw new Error(`nobody sees ${monitorId}`);
  return monitor;
}

/** The site as people see it. */
export function lookAtSite(world: World, site: string) {
  const found = world.instance.view()?.sites.find((one) => one.id === site);
  if (found === undefined) throw new Error(`nobody sees ${site}`);
  return found;
}

/** State of a data centre as people see it. */
export function stateOf(world: World, site: string, monitorId: string = MONITOR) {
  return look(world, monitorId).dataCentres.find((one) => one.name === dcOf(site))?.state;
}

/**
 * Lets virtual time pass until something holds.
 *
 * @param world the world
 * @param holds the condition
 * @param limitMs virtual milliseconds
 * @returns how long it took in virtual ms, to the step's precision
 */
export async function until(world: World, holds: () => boolean, limitMs: number): Promise<number> {
  const begunAtMs = world.timeline.now();
  while (!holds()) {
    if (world.timeline.now() - begunAtMs >= limitMs)
      throw new Error(`it did not come about in ${limitMs} ms`);
    await world.run(STEP_MS);
  }
  return world.timeline.now() - begunAtMs;
}

const STEP_MS = 10;
