import { copyRows, findMonitor, makeRows, putRow, takeRow } from "@evenkeel/core/arbitration/monitor-rows";
import type { MonitorState } from "@evenkeel/core/arbitration/state";
import fc from "fast-check";
import { expect, test } from "vitest";
import { settle, startWorld } from "./world.ts";

const world = startWorld();
settle(world);
const row = (id: string, epoch: number): MonitorState => {
  const monitor = world.monitor();
  return { ...monitor, id, route: { ...monitor.route, epoch } };
};

const change = fc.record({
  id: fc.constantFrom("a", "b", "c", "d", "e"),
  epoch: fc.nat(),
  act: fc.constantFrom("put", "take"),
});

test("rows keep what was put last under each id, and the rows that they were copied from stay as they were", () => {
  fc.assert(
    fc.property(fc.array(change), fc.array(change), (first, second) => {
      const begin = makeRows([row("a", 1), row("b", 2)]);
      const expected = new Map([
        ["a", 1],
        ["b", 2],
      ]);
      let rows = begin;
      for (const turn of [first, second]) {
        const before = rows;
        const seen = before.list.map((one) => [one.id, one.route.epoch]);
        const own = copyRows(before);
        for (const { id, epoch, act } of turn) {
          if (act === "put") {
            putRow(own, row(id, epoch));
            expected.set(id, epoch);
          } else {
            takeRow(own, id);
            expected.delete(id);
          }
        }
        expect(before.list.map((one) => [one.id, one.route.epoch])).toEqual(seen);
        for (const [id, epoch] of seen) {
          expect(findMonitor({ monitors: before }, String(id))?.route.epoch).toBe(epoch);
        }
        rows = own;
      }
      expect(rows.list).toHaveLength(expected.size);
      for (const id of ["a", "b", "c", "d", "e"]) {
        expect(findMonitor({ monitors: rows }, id)?.route.epoch).toBe(expected.get(id));
      }
    }),
  );
});
