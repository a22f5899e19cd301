import { performance } from "node:perf_hooks";
import { setImmediate as pollPhase } from "node:timers/promises";

/** Ends a timer; doing so twice, or after it fired, does nothing. */
export type Cancel = () => void;

/** The monotonic clock and the timers of an agent: the machine's own, or a simulator's. */
export interface Clock {
  /** Monotonic now in milliseconds. */
  now(): number;
  /** Acts once after so many milliseconds. */
  after(ms: number, act: () => void): Cancel;
  /** Acts every so many milliseconds until cancelled. */
  every(ms: number, act: () => void): Cancel;
  /** Acts once the present turn of the event loop is over. */
  soon(act: () => void): Cancel;
  /** Resolves when what lay in the sockets already has been read. */
  polled(): Promise<void>;
}

/** The machine's clock. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  every(ms, act) {
    const timer = setInterval(act, ms);
    return () => clearInterval(timer);
  },
  soon(act) {
    const immediate = setImmediate(act);
    return () => clearImmediate(immediate);
  },
  async polled() {
    await pollPhase();
    await pollPhase();
  },
};
