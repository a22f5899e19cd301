import type { CopyStatus } from "./copy-status.ts";

/** Pause between two looks at what has changed. */
const EVERY_MS = 1000;

/**
 * Tells how the copies stand, at most once a second and only while something changes. What only grows older counts as a
 * change, because it shows that nothing is sent.
 *
 * @param read gives the present status
 * @param tell gets it
 * @returns a function that ends it
 */
export function tellStatus(
  read: () => readonly CopyStatus[],
  tell: (status: readonly CopyStatus[]) => void,
): () => void {
  let last = JSON.stringify(read());
  const timer = setInterval(() => {
    const status = read();
    const text = JSON.stringify(status);
    if (text === last) return;
    last = text;
    tell(status);
  }, EVERY_MS);
  // Whoever has closed everything else shall not be kept alive by this.
  timer.unref();
  return () => clearInterval(timer);
}
