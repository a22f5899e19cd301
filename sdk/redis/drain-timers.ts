/** What is to happen to the old side some time after planned switches. */
export interface DrainTimers {
  /** Calls back after a time, unless all are cleared before. */
  add(afterMs: number, cut: () => void): void;
  clear(): void;
}

/** @returns no timers yet */
export function createDrainTimers(): DrainTimers {
  const timers = new Set<NodeJS.Timeout>();
  return {
    add(afterMs, cut) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        cut();
      }, afterMs);
      timers.add(timer);
    },
    clear() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
