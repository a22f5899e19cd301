import type { ProcessesFrame } from "@evenkeel/contracts/agent-protocol";
import type { InstanceEvent } from "@evenkeel/contracts/event";
import type { LiveMonitor } from "@evenkeel/contracts/live";
import type { ProcessView } from "@evenkeel/contracts/process";
import type { Holders } from "@evenkeel/core/arbitration/announce";
import type { InstanceState } from "@evenkeel/core/arbitration/state";
import { chooseTellers, type Tellers } from "@evenkeel/core/following/choose-tellers";
import { findHolders } from "@evenkeel/core/following/find-holders";
import { isBehind, judgeFollowing } from "@evenkeel/core/following/judge-following";
import {
  type ProcessList,
  type RegisteredProcess,
  takeProcesses,
} from "@evenkeel/core/following/process-list";
import type { Connections } from "./connections.ts";

/** The processes of the instance's applications, and whether they follow. Senses, not memory: agents tell them anew. */
export interface Following {
  /** Asks agents to tell of the processes of the stores that they reach, if that is not settled already. */
  appoint(state: InstanceState): void;
  /** An agent begins anew: it tells nothing until it is asked. */
  dismiss(agentId: string): void;
  /**
   * Takes what an agent told.
   *
   * @returns false if nothing is known that was not before
   */
  take(agentId: string, frame: ProcessesFrame, now: number): boolean;
  /**
   * Judges whether the latest changes of routes are followed.
   *
   * @param recent the latest events, newest first
   * @returns events to record
   */
  judge(recent: readonly InstanceEvent[], now: number, newId: () => string): InstanceEvent[];
  /** When to judge again at the latest; null: when something happens. */
  deadlineMs(): number | null;
  /** How many processes follow a monitor and its present epoch; null: nobody told yet. */
  count(monitorId: string, epoch: number): NonNullable<LiveMonitor["processes"]> | null;
  /** How processes hold new writes, by monitor. */
  holders(): Readonly<Record<string, Holders>>;
  /** The processes of an application. */
  list(applicationId: string): ProcessView[];
}

/**
 * Makes the following of one object.
 *
 * @param connections the agents
 */
export function createFollowing(connections: Connections): Following {
  let tellers: Tellers = {};
  let deadlineMs: number | null = null;
  /** The stores that each agent was asked for. One that is not named may still tell what an earlier incarnation asked for. */
  const asked = new Map<string, string>();
  const lists = createLists();

  return {
    appoint(state) {
      const able = listAble(connections);
      tellers = chooseTellers(Object.values(state.agents), new Set(able), tellers);
      lists.keepOnly(new Set(state.plan.stores.map((store) => store.id)));
      for (const agentId of able) {
        const stores = listStores(tellers, agentId);
        if (asked.get(agentId) === stores.join()) continue;
        asked.set(agentId, stores.join());
        connections.send([agentId], { type: "tell-processes", stores });
      }
    },
    dismiss(agentId) {
      asked.set(agentId, "");
      tellers = Object.fromEntries(Object.entries(tellers).filter(([, teller]) => teller !== agentId));
    },
    take: (agentId, frame, now) => tellers[frame.store] === agentId && lists.take(frame, now),
    judge(recent, now, newId) {
      const judgement = judgeFollowing(recent, lists.listAll(), now);
      deadlineMs = judgement.deadlineMs;
      return judgement.events.map((event) => ({ ...event, id: `evt_${newId()}` }));
    },
    deadlineMs: () => deadlineMs,
    count(monitorId, epoch) {
      if (lists.isEmpty()) return null;
      const concerned = lists.listAll().filter((one) => one.routes[monitorId] !== undefined);
      const behind = concerned.filter((one) => isBehind(one, monitorId, epoch));
      return { total: concerned.length, following: concerned.length - behind.length };
    },
    holders: lists.holders,
    list: (applicationId) =>
      lists
        .listAll()
        .filter((one) => one.applicationId === applicationId)
        .map(({ followsSinceMs: _, ...view }) => view),
  };
}

function listAble(connections: Connections): string[] {
  const able = connections.list().filter(({ attachment }) => attachment.hello?.tellsProcesses === true);
  return able.map(({ attachment }) => attachment.id);
}

function listStores(tellers: Tellers, agentId: string): string[] {
  return Object.keys(tellers)
    .filter((store) => tellers[store] === agentId)
    .sort();
}

const NOBODY: ProcessList = new Map();

/** The lists of all stores. */
interface Lists {
  /** @returns false if nothing is known that was not before */
  take(frame: ProcessesFrame, now: number): boolean;
  keepOnly(stores: ReadonlySet<string>): void;
  /** True until a first list is complete. */
  isEmpty(): boolean;
  /** See {@link Following}; found anew only when a list has changed, because every turn asks. */
  holders(): Readonly<Record<string, Holders>>;
  listAll(): readonly RegisteredProcess[];
}

function createLists(): Lists {
  const lists = new Map<string, ProcessList>();
  /** Lists of which more is to come. */
  const unfinished = new Map<string, ProcessList>();
  let holders: Readonly<Record<string, Holders>> | null = null;
  const listAll = () => [...lists.values()].flatMap((list) => [...list.values()]);
  return {
    take(frame, now) {
      const { store, anew, more } = frame;
      const begun = anew ? NOBODY : (unfinished.get(store) ?? lists.get(store));
      // Changes to a list that was never told would look like the whole of it.
      if (begun === undefined) return false;
      const list = takeProcesses(begun, lists.get(store) ?? NOBODY, frame, now);
      (more ? unfinished : lists).set(store, list);
      if (!more) unfinished.delete(store);
      holders = null;
      return !more;
    },
    keepOnly(stores) {
      for (const id of lists.keys()) if (!stores.has(id) && lists.delete(id)) holders = null;
    },
    isEmpty: () => lists.size === 0,
    holders() {
      holders ??= findHolders(listAll());
      return holders;
    },
    listAll,
  };
}
