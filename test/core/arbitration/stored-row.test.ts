import { decide } from "@evenkeel/core/arbitration/decide";
import { makeRows } from "@evenkeel/core/arbitration/monitor-rows";
import { type StoredRow, upgradeRow } from "@evenkeel/core/arbitration/stored-row";
import { expect, it } from "vitest";
import { failHome, settle, startWorld, type World } from "./world.ts";

/** The row as the first version of this program stored it. */
function storeAsFirst(world: World, step: string): StoredRow {
  const { stores: _, sentAtMs: __, run, ...row } = world.monitor();
  if (run === null) return { ...row, run: null };
  const { position: ___, batch: ____, ...rest } = run;
  return { ...row, run: { ...rest, step, sentAtMs: world.now, stored: ["main"] } };
}

it("[SAFE-7] a switch that an older version began is gone on with: its route is sent again", () => {
  const world = startWorld();
  settle(world);
  failHome(world);
  const row = upgradeRow(JSON.parse(JSON.stringify(storeAsFirst(world, "write-route"))) as StoredRow);
  expect(row).toMatchObject({
    stores: {},
    asking: null,
    run: { position: { step: "write-route" }, batch: null },
  });
  const state = { ...world.state, monitors: makeRows([row]) };
  const heard = { a1: world.now + 600, a2: world.now + 600, aw: world.now + 600 };
  const senses = { now: world.now + 600, entropy: "entropy0000000000", heard, holders: {} };
  const sent = decide(state, { type: "tick" }, senses).effects.filter((one) => one.type === "write-routes");
  expect(sent).toHaveLength(1);
});

it("a precheck that an older version began is forgotten: whoever ordered it orders it again", () => {
  const world = startWorld();
  settle(world);
  world.command({
    type: "switch",
    command: { to: "dc2", expectedEpoch: 1, idempotencyKey: "key-0001", force: false },
  });
  expect(upgradeRow(storeAsFirst(world, "precheck")).run).toBeNull();
});

it("a row of this version is read as it is", () => {
  const world = startWorld();
  settle(world);
  failHome(world);
  expect(upgradeRow(world.monitor())).toEqual(world.monitor());
});
