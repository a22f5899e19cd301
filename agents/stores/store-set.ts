import type { RouteWrite, StoreHealth } from "@evenkeel/contracts/agent-protocol";
import type { Plan, PlannedStore } from "@evenkeel/contracts/plan";
import { type Beat, routeKey } from "@evenkeel/contracts/route";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import type { Unseal } from "../unseal.ts";
import { startBeat } from "./beat.ts";
import { createMirrorSet, type MirrorSet } from "./mirror-set.ts";
import { renderOrigin } from "./open-planned-store.ts";
import { createProcessTellers, type ProcessTellers, type ProcessTellersOptions } from "./process-tellers.ts";
import { watchRoutes } from "./route-watch.ts";
import { StoreSecret } from "./store-secret.ts";
import { listUnsure, type OpenStore, type WrittenResults, writeStores } from "./write-stores.ts";

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
  /** Tells of the processes in these stores, all and then what changes, and of no others. */
  tellProcesses(storeIds: readonly string[]): void;
  close(): void;
}

/** What the set needs to know. */
export interface StoreSetOptions extends ProcessTellersOptions {
  readonly site: string;
  readonly unseal: Unseal;
  /** Opens a client of a store with what was sealed of it. */
  readonly openStore: (planned: PlannedStore, secret: StoreSecret) => RouteStore;
  /** Who is heard that knows the latest routes. */
  readonly confirmedBy: () => Beat["confirmedBy"];
  readonly onChange: () => void;
  /** Takes what became of routes that were written again because something else stood in a store. */
  readonly onForeign: (results: WrittenResults) => void;
  /** Tells the operator of a mirror that cannot be written. */
  readonly say: (line: string) => void;
}

/** The set with what it knows. */
interface Stores {
  readonly options: StoreSetOptions;
  readonly open: Map<string, OpenStore>;
  /** Stores whose credentials cannot be opened, with the reason. */
  readonly locked: Map<string, StoreHealth>;
  readonly mirrors: MirrorSet;
  /** The routes that the control plane told in this connection, by key. */
  readonly told: Map<string, RouteWrite>;
  /** Whether the control plane has told all routes in this connection. */
  isTold: boolean;
  readonly tellers: ProcessTellers;
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
      return writeStores({ instanceId, mirrors }, [...open.values()], writes);
    },
    forgetTold() {
      told.clear();
      stores.isTold = false;
      tellers.follow([]);
    },
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
  const watch = watchRoutes({ store, instanceId, clock, told, onSame, onForeign });
  open.set(planned.id, { planned, store, beat, watch, known: new Map(), unsure });
  void bringUp(stores, planned.id, [...told.keys()]); // Nobody tells the routes once more because of a new password.
  stores.tellers.opened(planned.id, store);
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
