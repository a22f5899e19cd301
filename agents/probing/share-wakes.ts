import type { Cancel, Clock } from "../clock.ts";

/**
 * Turns of targets fall on multiples of this, in milliseconds: waking a process that sleeps costs more than asking a
 * database does, so that several probes share one wake-up.
 */
const GRID_MS = 10;

/** Wakes the agent once for everything that is due at the same moment. */
export interface Wakes {
  /** What it goes by. */
  readonly clock: Clock;
  /** Acts once at a moment of the monotonic clock, in milliseconds; at once if it is past. */
  at(atMs: number, act: () => void): Cancel;
}

/**
 * Makes the wake-ups of one agent.
 *
 * @param clock its monotonic clock
 */
export function createWakes(clock: Clock): Wakes {
  const slots = new Map<number, Slot>();

  function open(atMs: number): Slot {
    const acts = new Set<() => void>();
    const cancel = clock.after(Math.max(0, atMs - clock.now()), () => {
      slots.delete(atMs);
      for (const act of acts) act();
    });
    const slot = { acts, cancel };
    slots.set(atMs, slot);
    return slot;
  }

  return {
    clock,
    at(atMs, act) {
      const slot = slots.get(atMs) ?? open(atMs);
      const own = () => act();
      slot.acts.add(own);
      return () => {
        slot.acts.delete(own);
        if (slot.acts.size > 0 || slots.get(atMs) !== slot) return;
        slot.cancel();
        slots.delete(atMs);
      };
    },
  };
}

/** What is due at one moment. */
interface Slot {
  readonly acts: Set<() => void>;
  readonly cancel: Cancel;
}

/**
 * Moves a moment to the next one that targets share.
 *
 * @param atMs the moment, in milliseconds of the monotonic clock
 */
export function alignTurn(atMs: number): number {
  return Math.ceil(atMs / GRID_MS) * GRID_MS;
}
