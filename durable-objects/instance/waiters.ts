/** Promises that wait for something at a time; more are refused. */
export const WAITERS_MAX = 500;

/** Waits by key; each ends with a value or at its time limit. */
export interface Waiters<T> {
  /**
   * Waits for a value.
   *
   * @param key what to wait for
   * @param limitMs how long at most
   * @returns the value; null when the time is over or too many are waiting
   */
  wait(key: string, limitMs: number): Promise<T | null>;
  /**
   * Ends all waits for a key.
   *
   * @param key what was waited for
   * @param value the value
   */
  settle(key: string, value: T): void;
}

/**
 * Makes an empty set of waits. They live in memory only: whoever waits holds a request open, which does not survive
 * the object either.
 *
 * @returns the set
 */
export function createWaiters<T>(): Waiters<T> {
  const waiting = new Map<string, Set<(value: T) => void>>();
  let count = 0;
  return {
    wait(key, limitMs) {
      if (count >= WAITERS_MAX) return Promise.resolve(null);
      count += 1;
      return new Promise((resolve) => {
        const group = waiting.get(key) ?? new Set();
        waiting.set(key, group);
        const end = (value: T | null) => {
          clearTimeout(timer);
          if (!group.delete(end)) return;
          if (group.size === 0 && waiting.get(key) === group) waiting.delete(key);
          count -= 1;
          resolve(value);
        };
        const timer = setTimeout(() => end(null), limitMs);
        group.add(end);
      });
    },
    settle(key, value) {
      for (const end of [...(waiting.get(key) ?? [])]) end(value);
    },
  };
}
