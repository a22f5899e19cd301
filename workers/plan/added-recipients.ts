import type { Sealed } from "@evenkeel/contracts/plan";
import { listSealedTo } from "./seal.ts";

/**
 * Tells who can open a sealed secret in its new form and could not before, if that is all that is new: the same content
 * and the same words for the recipients that it had, followed by agents of the instance. Whoever shares a secret can
 * thereby neither replace nor spoil it for the others.
 *
 * @param before the secret as it is stored
 * @param after the secret with further recipients
 * @param known ids of the instance's agents
 * @returns ids of the new recipients; null: something else was changed
 */
export function listNewRecipients(
  before: Sealed,
  after: Sealed,
  known: ReadonlySet<string>,
): string[] | null {
  const count = before.recipients.length;
  const kept = { ...after, recipients: after.recipients.slice(0, count) };
  if (renderSorted(kept) !== renderSorted(before)) return null;
  const had = new Set(listSealedTo(before));
  const fresh = listSealedTo({ ...after, recipients: after.recipients.slice(count) });
  const isEach = fresh.length === after.recipients.length - count && new Set(fresh).size === fresh.length;
  return isEach && fresh.length > 0 && fresh.every((id) => known.has(id) && !had.has(id)) ? fresh : null;
}

/** Two values are the same if this is: the order of members means nothing in JSON. */
function renderSorted(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
