import type { FollowedRoute } from "@evenkeel/contracts/process";
import { findHolders } from "@evenkeel/core/following/find-holders";
import type { RegisteredProcess } from "@evenkeel/core/following/process-list";
import { expect, it } from "vitest";

const processOf = (db: Partial<FollowedRoute>): RegisteredProcess => ({
  ...{ id: "p", applicationId: "app", host: "h", pid: 1, sdk: "s", startedAt: "", followsSinceMs: {} },
  routes: { db: { epoch: 5, decision: "d", ...db } },
});
const find = (...processes: Partial<FollowedRoute>[]) => findHolders(processes.map(processOf)).db;

it("names nobody where nobody holds", () => {
  expect(find({}, { holdMs: 0 })).toBeUndefined();
});

it("goes by the least patient of them", () => {
  expect(find({ holdMs: 800 }, { holdMs: 300 }, {})).toEqual({ holdMs: 300, drainedEpoch: 0 });
});

it("waits for the last of those that hold, and for nobody else", () => {
  const ready = { holdMs: 300, isDrained: true };
  expect(find(ready, ready, {})?.drainedEpoch).toBe(5);
  expect(find(ready, { ...ready, isDrained: false })?.drainedEpoch).toBe(0);
  expect(find(ready, { ...ready, epoch: 4 })?.drainedEpoch).toBe(4);
});
