import type { AskElsewhere, Teller, Told } from "./ask-elsewhere.ts";

/** The store is given so long to answer before anybody else is asked, in milliseconds. */
export const PATIENCE_MS = 300;
/** Milliseconds between two questions of a process that waits for its first routes. */
export const STARTING_MS = 1000;
/** Milliseconds between two questions of a process that serves on: agents stand beside it, the control plane serves all. */
export const SERVING_MS: Readonly<Record<Teller, number>> = { agent: 2000, "control-plane": 10_000 };

/** Who asks, and why. */
export interface Consulting {
  readonly ask: AskElsewhere;
  /** Acts once after so many milliseconds; the result cancels. */
  readonly after: (ms: number, act: () => void) => () => void;
  /** A random number from 0 up to 1: the questions of many processes are spread. */
  readonly random: () => number;
  /** What the routes are needed for; null: the store tells them. */
  readonly need: () => "start" | "serving" | null;
  readonly onTold: (told: Told) => void;
}

/** Asks others for as long as the store does not tell the routes. */
export interface Consultation {
  /** The store may not be heard any more: looks whether somebody is to be asked. */
  look(): void;
  close(): void;
}

/**
 * Makes a consultation.
 *
 * @param consulting who asks, and why
 */
export function consult(consulting: Consulting): Consultation {
  const { ask, after, random, need, onTold } = consulting;
  const ending = new AbortController();
  /** Cancels what is due; null: nothing is due, and nobody is asked. */
  let cancel: (() => void) | null = null;

  const wait = (ms: number): void => {
    cancel = after(ms * (0.75 + random() / 2), () => void askOnce());
  };
  async function askOnce(): Promise<void> {
    if (need() === null) {
      cancel = null;
      return;
    }
    const told = await ask(ending.signal);
    if (ending.signal.aborted) return;
    if (told !== null) onTold(told);
    wait(need() === "start" ? STARTING_MS : SERVING_MS[told?.by ?? "control-plane"]);
  }
  return {
    look() {
      if (cancel === null && !ending.signal.aborted && need() !== null) wait(PATIENCE_MS);
    },
    close() {
      ending.abort();
      cancel?.();
    },
  };
}
