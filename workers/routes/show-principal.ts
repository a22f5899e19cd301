import type { Whoami } from "@evenkeel/contracts/api";
import type { Principal } from "@evenkeel/contracts/principal";

/**
 * Shows a caller to itself, without the hash of its secret.
 *
 * @param principal the caller
 * @returns what `GET /session` answers
 */
export function showPrincipal({ kind, id, name, role, expiresAtMs }: Principal): Whoami {
  return { kind, id, name, role, expiresAtMs };
}
