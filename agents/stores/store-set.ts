import type { RouteWrite, StoreHealth } from "@evenkeel/contracts/agent-protocol";
import type { Plan, PlannedStore } from "@evenkeel/contracts/plan";
import { routeKey } from "@evenkeel/contracts/route";
import type { ToldRoutes } from "@evenkeel/contracts/told-routes";
import type { RouteWitness } from "@evenkeel/core/health/heartbeat";
import { startBeat } from "./beat.ts";
import { createMirrorSet } from "./mirror-set.ts";
import { renderOrigin } from "./open-planned-store.ts";
import { createProcessTellers } from "./process-tellers.ts";
import { watchRoutes } from "./route-watch.ts";
import { createStandingRoutes, listWitnesses, type Witnesses } from "./standing-routes.ts";
import { StoreSecret } from "./store-secret.ts";
import type { StoreSetOptions, Stores } from "./stores.ts";
import { tellRoutes } from "./tell-routes.ts";
import { listUnsure, type WrittenResults, writeStores } from "./write-stores.ts";

export type { StoreSetOptions } from "./stores.ts";

/** The route stores that this agent writes to. */
export interface StoreSet {
  /** Opens, keeps and closes stores so that they are those of the plan. */
  follow(plan: Plan): Promise<void>;
  /** Stores that were not asked yet are left out. */
  health(): StoreHealth[];
  /** Writes routes to every store, the first time all of them; a store that cannot be reached answers `failed`. */
  write(writes: readonly RouteWrite[]): Promise<WrittenResults>;
  /** The control plane is gone: what it told last is no longer its last word, and it asks anew for processes. */
  forgetTold(): void;
  /** Who tells where the writes of a monitor go. */
  witnesses(monitor: { readonly id: string; readonly applicationId: string }): RouteWitness[];
  /** Tells the routes of an application; null: nobody here knows the latest ones. */
  routes(applicationId: string): ToldRoutes | null;
  /** Tells of the processes in these stores, all and then what changes, and of no others. */
  tellProcesses(storeIds: readonly string[]): void;
  close(): void;
}

/**
 * Makes the set of stores of one agent.
 *
 * @param options who this agent is and who listens
 */
export function createStoreSet(options: StoreSetOptions): StoreSet {
  const { instanceId } = options;
  const mirrors = createMirrorSet(options);
  const tellers = createProcessTellers(options);
  const maps = { open: new Map(), locked: new Map(), told: new Map() };
  const stores: Stores = { options, mirrors, tellers, ...maps, isTold: false };
  const { open, locked, told } = stores;
  return {
    follow: (plan) => follow(stores, plan),
    health: () => [...[...open.values()].flatMap((entry) => entry.beat.health() ?? []), ...locked.values()],
    write(writes) {
      stores.isTold = true;
      for (const write of writes) told.set(routeKey(instanceId, write.applicationId, write.monitorId), write);
      options.onRoutes?.();
      return writeStores({ instanceId, mirrors }, [...open.values()], writes);
    },
    forgetTold() {
      told.clear();
      stores.isTold = false;
      tellers.follow([]);
    },
    witnesses: (monitor) => listWitnesses(hear(stores), monitor),
    routes: (applicationId) => tellRoutes(stores, applicationId),
    tellProcesses: tellers.follow,
    close() {
      for (const id of [...open.keys()]) closeStore(stores, id);
    },
  };
}

async function follow(stores: Stores, plan: Plan): Promise<void> {
  const { options, mirrors, open, locked } = stores;
  mirrors.follow(plan);
  const mine = plan.stores.filter((store) => store.sites.length === 0 || store.sites.includes(options.site));
  locked.clear();
  for (const [id, entry] of open) {
    const planned = mine.find((store) => store.id === id);
    if (planned === undefined || renderOrigin(planned) !== renderOrigin(entry.planned))
      closeStore(stores, id);
  }
  // A store that is opened now gets its mirror with its first beat.
  for (const { planned, store } of open.values()) void mirrors.sync(planned, store);
  for (const planned of mine) if (!open.has(planned.id)) await openStore(stores, planned);
}

async function openStore(stores: Stores, planned: PlannedStore): Promise<void> {
  const { options, mirrors, open, locked, told } = stores;
  const unsealed = await options.unseal(planned.sealed);
  if (!unsealed.ok) {
    locked.set(planned.id, { store: planned.id, reachable: false, words: unsealed.words });
    return;
  }
  const store = options.openStore(planned, StoreSecret.parse(unsealed.secret));
  const { instanceId, site, clock } = options;
  const unsure = new Set([...told.values()].map((write) => write.monitorId));
  // A store is confirmed once it was brought up to what the control plane told, not as soon as that can be reached.
  const confirmedBy = () => (stores.isTold && unsure.size === 0 ? options.confirmedBy() : "none");
  let wasLost = false;
  const onChange = ({ reachable }: StoreHealth): void => {
    options.onChange();
    if (reachable && open.has(planned.id)) void mirrors.sync(planned, store);
    if (reachable && wasLost) void bringUp(stores, planned.id, listUnsure(told, unsure));
    wasLost = !reachable;
  };
  const beat = startBeat({ storeId: planned.id, store, instanceId, site, confirmedBy, onChange }, clock);
  const onForeign = (keys: readonly string[]) => bringUp(stores, planned.id, keys);
  const onSame = ({ monitorId }: RouteWrite): void => void unsure.delete(monitorId);
  const standing = createStandingRoutes(() => options.onRoutes?.());
  const watch = watchRoutes({ store, instanceId, clock, told, standing, onSame, onForeign });
  open.set(planned.id, { planned, store, beat, watch, standing, known: new Map(), unsure });
  void bringUp(stores, planned.id, [...told.keys()]); // Nobody tells the routes once more because of a new password.
  stores.tellers.opened(planned.id, store);
}

/** Whom this agent hears of routes now. */
function hear({ options, open, told, isTold }: Stores): Witnesses {
  const isHeard = isTold && options.confirmedBy() === "edge";
  const stores = [...open.values()].map(({ planned: { sites }, standing, beat }) => {
    return { sites, routes: standing, isReachable: beat.health()?.reachable === true };
  });
  return { instanceId: options.instanceId, told: isHeard ? told : null, stores };
}

function closeStore({ open, tellers }: Stores, id: string): void {
  const entry = open.get(id);
  open.delete(id);
  tellers.closed(id);
  for (const part of [entry?.beat, entry?.watch]) part?.stop();
  entry?.store.close();
}

/** Does for one store what a new connection does for all: brings it up, or finds out what stands in the way. */
async function bringUp(stores: Stores, storeId: string, keys: readonly string[]): Promise<void> {
  const { options, mirrors, open, told } = stores;
  const entry = open.get(storeId);
  if (entry === undefined) return;
  for (const key of keys) entry.known.delete(key);
  const writes = keys.flatMap((key) => told.get(key) ?? []).map((write) => ({ ...write, step: null }));
  const results = await writeStores({ instanceId: options.instanceId, mirrors }, [entry], writes);
  if (results.length > 0) options.onForeign(results);
}
