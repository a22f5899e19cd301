/**
 * Waits, but not beyond the closing of the store.
 *
 * @param delayMs how long
 * @param closing ends the pause early
 */
export function pause(delayMs: number, closing: AbortSignal): Promise<void> {
  if (closing.aborted || delayMs <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      closing.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    closing.addEventListener("abort", done);
  });
}
