import type { Route } from "@evenkeel/contracts/route";
import { createEntry } from "./admit-writes.ts";
import { continuesTerm, termOf } from "./term.ts";
import { loseBeside, type Writing, wakeAll } from "./writing.ts";

/**
 * Follows a route: what was written in a term that is over is copied no more.
 *
 * @param writing the writer
 * @param route the route
 */
export function follow(writing: Writing, route: Route): void {
  const before = writing.term ?? writing.keeper.left?.term ?? null;
  const isSame = before !== null && continuesTerm(before, route);
  const isFirst = writing.term === null;
  writing.route = route;
  if (!isSame) discardAll(writing);
  writing.term = termOf(route);
  writing.keeper.noteTerm(writing.term, !isSame);
  if (isFirst) adoptLeft(writing, isSame);
  wakeAll(writing);
}

/** What was written while another data centre was active may be older than what the new one has taken since. */
function discardAll(writing: Writing): void {
  writing.mark = {};
  for (const { name, lane } of writing.sites.values()) {
    const count = lane.clear();
    if (count > 0)
      writing.ledger.lose(name, "discarded", count, "the active data centre changed before they were sent");
  }
}

/** What an earlier process left is copied only in the term in which it was written. */
function adoptLeft(writing: Writing, isSame: boolean): void {
  const { keeper, ledger, sites } = writing;
  const { left } = keeper;
  if (left === null) return;
  for (const [name, count] of left.uncertain) {
    if (sites.has(name)) ledger.lose(name, "uncertain", count, "the process ended while they were sent");
  }
  if (left.tornRecords > 0)
    loseBeside(
      writing,
      left.term?.active ?? null,
      "torn",
      left.tornRecords,
      "the end of a file is not whole",
    );
  for (const { to, ...rest } of left.entries) {
    const { commands } = rest;
    for (const name of to) {
      const site = sites.get(name);
      if (site === undefined) continue;
      if (isSame) site.lane.add({ ...createEntry(writing, rest, rest.id), atMs: rest.atMs, commands });
      else ledger.lose(name, "discarded", 1, "the active data centre changed while the process did not run");
    }
  }
  keeper.forgetLeft();
}
