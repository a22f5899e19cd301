import { expect, test } from "vitest";
import { compareQuarters, type SoakSample } from "./soak-plan.ts";

const sample = (changes: Partial<SoakSample>): SoakSample => ({
  sockets: 8,
  timers: 30,
  resources: 40,
  fileDescriptors: 30,
  heapBytes: 30_000_000,
  residentBytes: 130_000_000,
  up: 8,
  probes: 1,
  ...changes,
});
const notFlat = (at: (round: number) => Partial<SoakSample>) =>
  compareQuarters(Array.from({ length: 20 }, (_, round) => [sample(at(round)), sample(at(round))]))
    .filter(({ isFlat }) => !isFlat)
    .map(({ name }) => name);

test("a soak that does not leak is flat, whatever one round shows", () => {
  expect(notFlat(() => ({}))).toEqual([]);
  expect(notFlat((round) => (round === 17 ? { sockets: 20, heapBytes: 90_000_000 } : {}))).toEqual([]);
});

test.each([
  ["sockets", (round: number) => ({ sockets: 8 + Math.floor(round / 10) })],
  ["timers", (round: number) => ({ timers: 30 + round })],
  ["fileDescriptors", (round: number) => ({ fileDescriptors: 30 + Math.floor(round / 5) })],
  ["heapBytes", (round: number) => ({ heapBytes: 30_000_000 + round * 200_000 })],
] as const)("%s that grow are a leak", (name, at) => {
  expect(notFlat(at)).toEqual([name]);
});
