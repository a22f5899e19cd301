import { PROCESSES_FRAME_MAX, type ProcessesFrame } from "@evenkeel/contracts/agent-protocol";
import type { Cancel, Clock } from "../clock.ts";

/**
 * How long news are gathered before they are told, in milliseconds: after a switch hundreds of processes report within
 * a moment.
 */
const GATHER_MS = 25;
/** After news that could not be sent the whole list is told anew, in milliseconds. */
const RESTART_MS = 1000;

type Told = ProcessesFrame["processes"][number];

/** News of one process. */
export interface News {
  readonly told: Omit<Told, "ageMs">;
  readonly heardAtMs: number;
}

/** How news go out. */
export interface GatherOptions {
  readonly storeId: string;
  readonly clock: Clock;
  /** Sends a frame; false: it was not sent. */
  readonly onProcesses: (frame: ProcessesFrame) => boolean;
}

/** News that are gathered. */
export interface Gathering {
  /** The news that are added from now on are all that there is. */
  beginAnew(): void;
  /** Only the last news of a key are told. */
  add(key: string, one: News): void;
  stop(): void;
}

/**
 * Gathers news of the processes in one store for a moment and sends them.
 *
 * @param options how they go out
 * @param onUnsent asks for everything anew, a while after news were not sent
 */
export function gatherNews({ storeId, clock, onProcesses }: GatherOptions, onUnsent: () => void): Gathering {
  const news = new Map<string, News>();
  let anew = false;
  let cancel: Cancel | null = null;

  function tell(): void {
    const now = clock.now();
    const all = [...news.values()].map(({ told, heardAtMs }): Told => {
      return { ...told, ageMs: Math.max(0, Math.round(now - heardAtMs)) };
    });
    news.clear();
    cancel = null;
    if (sendAll(all, anew, (part) => onProcesses({ type: "processes", store: storeId, ...part }))) {
      anew = false;
      return;
    }
    cancel = clock.after(RESTART_MS, () => {
      cancel = null;
      onUnsent();
    });
  }

  return {
    beginAnew() {
      news.clear();
      anew = true;
      // That nobody is there has to be told, too.
      cancel ??= clock.after(GATHER_MS, tell);
    },
    add(key, one) {
      news.set(key, one);
      cancel ??= clock.after(GATHER_MS, tell);
    },
    stop: () => cancel?.(),
  };
}

function sendAll(
  all: readonly Told[],
  anew: boolean,
  send: (part: Pick<ProcessesFrame, "anew" | "more" | "processes">) => boolean,
): boolean {
  for (let from = 0; from === 0 || from < all.length; from += PROCESSES_FRAME_MAX) {
    const processes = all.slice(from, from + PROCESSES_FRAME_MAX);
    const more = from + PROCESSES_FRAME_MAX < all.length;
    if (!send({ anew: anew && from === 0, more, processes })) return false;
  }
  return true;
}
