import { type Route, routeKey } from "@evenkeel/contracts/route";
import type { MonitorState } from "@evenkeel/core/arbitration/state";
import { type FaultKind, FORKING } from "./faults.ts";
import { APPLICATION, INSTANCE, MONITOR } from "./installation.ts";
import { boundOf, type Fault, type Script } from "./script.ts";
import type { World } from "./world.ts";

/** An account that is refused is tried once a minute only: its target is not seen well again within a history. */
const REFUSED: readonly FaultKind[] = ["target refuses our account", "a target's password is changed"];

/**
 * Judges a history in which home died for good and nothing forbade a switch: every connected SDK follows by now.
 *
 * @param world the world, some time after the death
 * @param death how home died
 */
export function judgeLiveness(world: World, death: Fault): void {
  for (const { site, follower } of world.applications) {
    if (death.kind === "site loses power" && site === "s1") continue;
    const route = follower.routeOf(MONITOR);
    if (route !== null && route.active !== "dc1") continue;
    const alarm = world.instance.row(MONITOR)?.alarm;
    const words = `home is dead for ${boundOf(death)} ms and the SDK in ${site} still uses it (alarm ${alarm})`;
    world.fail("LIVENESS", words);
  }
}

/**
 * Lists what is not as it must be a while after everything was healed: control plane, stores and applications agree
 * again, and whatever was begun has come to an end.
 *
 * @param world the world
 * @param script what happened in it
 */
export function listDisagreements(world: World, script: Script): string[] {
  const has = (kind: FaultKind) => script.faults.some((fault) => fault.kind === kind);
  // Deadlines of a clock that was set back lie far ahead: nothing is wrong, and nothing can be said.
  if (has("the edge's clock jumps")) return [];
  const mayFork = FORKING.some(has);
  const unlike = REFUSED.some(has) ? [] : listUnlike(world);
  const differences = world.plan().monitors.flatMap(({ id }) => {
    const row = world.instance.row(id);
    if (row === null) return [`monitor ${id} has no row`];
    if (row.fork === null) return listDifferences(world, row, mayFork);
    return mayFork ? [] : [`${id} is suspected of a split brain, and there was none`];
  });
  return [...unlike, ...differences];
}

/** Everything works: people must see that. */
function listUnlike(world: World): string[] {
  const view = world.instance.view();
  const monitors =
    view?.monitors.filter((one) => world.plan().monitors.some(({ id }) => id === one.id)) ?? [];
  const targets = monitors.flatMap(({ id, dataCentres }) =>
    dataCentres.flatMap(({ name, state }) => (state === "normal" ? [] : [`${id} in ${name} is ${state}`])),
  );
  const gone =
    view?.agents.flatMap(({ id, connected }) => (connected ? [] : [`${id} is not connected`])) ?? [];
  return [...targets, ...gone];
}

function listDifferences(world: World, row: MonitorState, mayFork: boolean): string[] {
  const { route, id, run } = row;
  const words: string[] = [];
  if (run !== null) words.push(`${run.kind} of ${id} to ${run.to} has not ended`);
  const key = routeKey(INSTANCE, APPLICATION, id);
  for (const store of world.stores) {
    const entry = store.entry(key);
    const held: Route | null = entry === null ? null : JSON.parse(entry.value);
    if (held?.decision === route.decision) continue;
    words.push(`${store.id} holds epoch ${held?.epoch ?? 0} of ${id}, not ${route.epoch}`);
  }
  for (const { site, follower } of world.applications) {
    const followed = follower.routeOf(id);
    // Of two decisions under one epoch an SDK keeps the one that it saw first.
    if (followed?.decision === route.decision || (mayFork && (followed?.epoch ?? 0) >= route.epoch)) continue;
    words.push(`the SDK in ${site} follows ${followed?.epoch ?? 0} of ${id}, not ${route.epoch}`);
  }
  return words;
}
