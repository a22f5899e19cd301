import { vi } from "vitest";

/** Long enough for a busy machine: what never comes fails late, what comes is never missed. */
const PATIENCE = { timeout: 15_000, interval: 20 };

/**
 * Waits until a check no longer throws. Vitest's own limit of one second is shorter than a busy machine sometimes
 * needs for a process to answer.
 *
 * @param check throws, or rejects, as long as the condition does not hold
 * @param patience limit and interval in ms
 * @returns what the check returned in the end
 * @throws the check's last error after the limit
 */
export async function eventually<Result>(
  check: () => Result | Promise<Result>,
  patience: { readonly timeout?: number; readonly interval?: number } = PATIENCE,
): Promise<Result> {
  return await vi.waitFor(check, { ...PATIENCE, ...patience });
}
