import type { Side, Waiting } from "./side.ts";

/** Calls that were not sent yet: some wait at a side for a connection, others for their next try. */
export interface Sleepers {
  /** Calls back at the next switch, or after a pause, whichever is first. */
  add(pauseMs: number, resume: () => void): void;
  /**
   * Sends them on.
   *
   * @param old the side that was left
   * @param atOnce in this very turn; otherwise in the next one, because those who were rejected are told first, and
   *   opening connections for a crowd takes milliseconds
   * @returns how many
   */
  wake(old: Side | null, atOnce: boolean): number;
}

/** @returns nobody's sleepers */
export function createSleepers(): Sleepers {
  const sleepers = new Set<Waiting>();
  return {
    add(pauseMs, resume) {
      const sleeper: Waiting = {
        leave() {
          clearTimeout(timer);
          sleepers.delete(sleeper);
          return resume;
        },
      };
      const timer = setTimeout(() => sleeper.leave()(), pauseMs);
      sleepers.add(sleeper);
    },
    wake(old, atOnce) {
      const resumes = [...(old?.waiting ?? []), ...sleepers].map((waiting) => waiting.leave());
      old?.waiting.clear();
      const sendOn = (): void => {
        for (const resume of resumes) resume();
      };
      if (atOnce) sendOn();
      else setImmediate(sendOn);
      return resumes.length;
    },
  };
}
