import { expect, test } from "vitest";
import { createDelivered } from "../../route-store/find-gap.ts";

const entry = (key: string, modRevision: number) => ({ key, value: "v", modRevision });
const change = (key: string, modRevision: number, value: string | null = "v") => ({
  key,
  value,
  modRevision,
});

test("changes that were delivered already are not delivered twice; those of one transaction stay together", () => {
  const delivered = createDelivered();
  delivered.restart({ entries: [entry("a", 3)], revision: 5 });
  expect(delivered.take([change("a", 4), change("a", 5)])).toEqual([]);
  expect(delivered.take([change("a", 6), change("b", 6)])).toHaveLength(2);
  expect(delivered.take([change("b", 6)])).toEqual([]);
  expect(delivered.revision()).toBe(6);
});

test("a reading that equals what was delivered shows no gap, also when it is older", () => {
  const delivered = createDelivered();
  delivered.restart({ entries: [entry("a", 3)], revision: 5 });
  delivered.take([change("b", 7)]);
  expect(delivered.countMissing({ entries: [entry("a", 3), entry("b", 7)], revision: 9 })).toBe(0);
  expect(delivered.countMissing({ entries: [entry("a", 3)], revision: 6 })).toBe(0);
});

test("a changed, a new and a deleted key that were not delivered are each a gap", () => {
  const delivered = createDelivered();
  delivered.restart({ entries: [entry("a", 3), entry("gone", 4)], revision: 5 });
  expect(delivered.countMissing({ entries: [entry("a", 8), entry("new", 9)], revision: 9 })).toBe(3);
});

test("a delivered deletion is no gap", () => {
  const delivered = createDelivered();
  delivered.restart({ entries: [entry("a", 3)], revision: 5 });
  delivered.take([change("a", 6, null)]);
  expect(delivered.countMissing({ entries: [], revision: 6 })).toBe(0);
});
