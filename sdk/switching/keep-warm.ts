/** Pause between two checks of a connection that is not in use. */
export const CHECK_EVERY_MS = 5000;
/** The same for servers that reads are spread over: until it is noticed that one hangs, its callers wait. */
export const CHECK_READER_EVERY_MS = 1000;
/** Pauses between attempts to get a broken connection back. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** Keeps a side ready to be switched to. */
export interface Warmer {
  /** Something broke: look now instead of later. */
  hurry(): void;
  close(): void;
}

/**
 * Keeps at least one connection of a side proven, so that the first call after a switch finds it standing. A side that
 * does not answer is asked again with a back-off that doubles.
 *
 * @param check proves a connection and rejects if it cannot; it bounds itself
 * @param checkEveryMs pause between two checks, as long as it is well
 * @param onChange called when the side becomes ready or stops being so
 * @returns the warmer, at work
 */
export function keepWarm(
  check: () => Promise<void>,
  checkEveryMs: number,
  onChange: (ready: boolean, message: string) => void,
): Warmer {
  let closed = false;
  let ready: boolean | null = null;
  let failures = 0;
  let running = false;
  let hurried = false;
  let timer: NodeJS.Timeout | null = null;

  const tell = (now: boolean, message: string): void => {
    if (ready === now) return;
    ready = now;
    onChange(now, message);
  };
  const round = async (): Promise<void> => {
    running = true;
    hurried = false;
    try {
      await check();
      failures = 0;
      if (!closed) tell(true, "");
    } catch (error) {
      failures += 1;
      if (!closed) tell(false, error instanceof Error ? error.message : String(error));
    }
    running = false;
    schedule();
  };
  const schedule = (): void => {
    if (closed) return;
    const backOffMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10), LONGEST_PAUSE_MS);
    const pauseMs = failures === 0 ? (hurried ? 0 : checkEveryMs) : backOffMs;
    timer = setTimeout(() => void round(), pauseMs);
  };
  void round();
  return {
    hurry() {
      hurried = true;
      // While a check runs or a back-off is on, the next attempt comes soon enough.
      if (closed || running || failures > 0) return;
      if (timer !== null) clearTimeout(timer);
      schedule();
    },
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
