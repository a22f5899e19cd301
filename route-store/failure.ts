import type { StoreFailure, StoreFailureReason } from "@evenkeel/contracts/route-store";

/**
 * Makes a failure.
 *
 * @param reason why
 * @param message the sentence for people
 * @returns the failure
 */
export function failure(reason: StoreFailureReason, message: string): StoreFailure {
  return { ok: false, reason, message };
}
