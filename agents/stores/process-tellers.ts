import type { ProcessesFrame } from "@evenkeel/contracts/agent-protocol";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import type { Clock } from "../clock.ts";
import { watchProcesses } from "./process-watch.ts";

/** Tells of the processes in the stores that this agent was asked for. */
export interface ProcessTellers {
  /** Tells of these stores from now on, all and then what changes, and of no others. */
  follow(storeIds: readonly string[]): void;
  opened(storeId: string, store: RouteStore): void;
  closed(storeId: string): void;
}

/** For whom processes are watched. */
export interface ProcessTellersOptions {
  readonly instanceId: string;
  readonly clock: Clock;
  /** Sends a frame; false: it was not sent. */
  readonly onProcesses: (frame: ProcessesFrame) => boolean;
}

/**
 * Makes the tellers of one agent. They tell nothing until they are asked.
 *
 * @param options for whom
 */
export function createProcessTellers({
  instanceId,
  clock,
  onProcesses,
}: ProcessTellersOptions): ProcessTellers {
  const open = new Map<string, RouteStore>();
  const watches = new Map<string, { stop(): void }>();
  let wanted: readonly string[] = [];

  function stop(storeId: string): void {
    watches.get(storeId)?.stop();
    watches.delete(storeId);
  }

  function start(storeId: string): void {
    const store = open.get(storeId);
    if (store === undefined || !wanted.includes(storeId)) return;
    watches.set(storeId, watchProcesses({ store, storeId, instanceId, clock, onProcesses }));
  }

  return {
    follow(storeIds) {
      for (const storeId of [...watches.keys()]) stop(storeId);
      wanted = storeIds;
      for (const storeId of wanted) start(storeId);
    },
    opened(storeId, store) {
      open.set(storeId, store);
      start(storeId);
    },
    closed(storeId) {
      stop(storeId);
      open.delete(storeId);
    },
  };
}
