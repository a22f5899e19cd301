import type { ProcessesFrame } from "@evenkeel/contracts/agent-protocol";
import {
  PROCESS_RECORD_MAX,
  PROCESSES_MAX,
  ProcessRecord,
  parseProcessKey,
} from "@evenkeel/contracts/process";
import { KEY_ROOT } from "@evenkeel/contracts/route";
import type { RouteStore, StoreWatch } from "@evenkeel/contracts/route-store";
import type { Clock } from "../clock.ts";
import { gatherNews } from "./process-news.ts";

/** The watch's own comparison, in milliseconds: rare, because it reads the keys of the whole instance. */
const POLL_MS = 60_000;

/** What is watched, and for whom. */
export interface ProcessWatchOptions {
  readonly store: RouteStore;
  readonly storeId: string;
  readonly instanceId: string;
  readonly clock: Clock;
  /** Sends a frame; false: it was not sent. */
  readonly onProcesses: (frame: ProcessesFrame) => boolean;
}

/**
 * Tells of the processes that are registered in one store: all of them, and then what changes.
 *
 * @param options what is watched, and for whom
 */
export function watchProcesses(options: ProcessWatchOptions): { stop(): void } {
  const { store, instanceId, clock } = options;
  const census = createCensus();
  const news = gatherNews(options, () => {
    watch.close();
    watch = start();
  });

  function note(key: string, value: string | null): void {
    const place = parseProcessKey(instanceId, key);
    if (place === null) return;
    const record = readRecord(value);
    if (record !== null && !census.admit(place.applicationId, place.id)) return;
    if (record === null) census.dismiss(place.applicationId, place.id);
    news.add(key, { told: { ...place, record }, heardAtMs: clock.now() });
  }

  function start(): StoreWatch {
    return store.watch(
      `${KEY_ROOT}/${instanceId}/`,
      {
        onReading({ entries }) {
          census.clear();
          news.beginAnew();
          for (const { key, value } of entries) note(key, value);
        },
        onChanges(changes) {
          for (const { key, value } of changes) note(key, value);
        },
        // The beat tells whether the store can be reached.
        onConnected: () => undefined,
      },
      { pollMs: POLL_MS },
    );
  }

  let watch = start();
  return {
    stop() {
      news.stop();
      watch.close();
    },
  };
}

/** What is no record counts as none: an application can write what it likes below its own prefix. */
function readRecord(value: string | null): ProcessRecord | null {
  if (value === null || value.length > PROCESS_RECORD_MAX) return null;
  try {
    return ProcessRecord.safeParse(JSON.parse(value)).data ?? null;
  } catch {
    return null;
  }
}

interface Census {
  /** @returns false if so many processes of the application are there already that this one is not told of */
  admit(application: string, id: string): boolean;
  dismiss(application: string, id: string): void;
  clear(): void;
}

function createCensus(): Census {
  const admitted = new Map<string, Set<string>>();
  return {
    admit(application, id) {
      const ids = admitted.get(application) ?? new Set();
      admitted.set(application, ids);
      if (!ids.has(id) && ids.size >= PROCESSES_MAX) return false;
      ids.add(id);
      return true;
    },
    dismiss: (application, id) => void admitted.get(application)?.delete(id),
    clear: () => admitted.clear(),
  };
}
