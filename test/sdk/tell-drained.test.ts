import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLoans, noneLeft } from "../../sdk/switching/loans.ts";
import type { Side } from "../../sdk/switching/side.ts";
import { type DrainWatch, watchDrain } from "../../sdk/switching/tell-drained.ts";
import { makeRoute } from "./make-route.ts";

const announced = (epoch: number) => makeRoute(epoch, undefined, { announced: { to: "dc2", forMs: 1000 } });
const loans = createLoans<string>();
let side: Pick<Side, "busy" | "noteUse">;
let told: number[];
let watch: DrainWatch;
let isReady: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  loans.removeAll();
  side = { busy: loans.count, noteUse: () => noneLeft(loans.note()) };
  told = [];
  isReady = true;
  watch = watchDrain({
    active: () => side as Side,
    isReady: (dataCentre) => dataCentre === "dc2" && isReady,
    onDrained: ({ epoch }) => told.push(epoch),
  });
});
afterEach(() => {
  watch.close();
  vi.useRealTimers();
});
const pass = () => vi.advanceTimersByTime(50);

test("a switch is drained once everything has come back that was lent when it was announced", () => {
  loans.add("transaction");
  watch.follow(announced(2));
  loans.add("a read that came later");
  pass();
  expect(told).toEqual([]);
  loans.remove("transaction");
  pass();
  expect(told).toEqual([2]);
  pass();
  expect(told).toEqual([2]);
});

test("what came back and was lent again is not what was under way", () => {
  loans.add("connection");
  watch.follow(announced(2));
  loans.remove("connection");
  loans.add("connection");
  pass();
  expect(told).toEqual([2]);
});

test("where only a number is known, nothing may be in use", () => {
  side = { busy: loans.count };
  loans.add("one");
  watch.follow(announced(2));
  pass();
  expect(told).toEqual([]);
  loans.remove("one");
  pass();
  expect(told).toEqual([2]);
});

test("an idle side is drained at once, but not in the turn of the route", () => {
  watch.follow(announced(2));
  expect(told).toEqual([]);
  pass();
  expect(told).toEqual([2]);
});

test("nothing is told of a route that announces nothing, nor after the next route", () => {
  watch.follow(makeRoute(2));
  pass();
  loans.add("transaction");
  watch.follow(announced(3));
  watch.follow(makeRoute(4));
  loans.remove("transaction");
  pass();
  expect(told).toEqual([]);
});

test("a switch is drained only once what stands beside the connections is ready too", () => {
  isReady = false;
  watch.follow(announced(2));
  pass();
  expect(told).toEqual([]);
  isReady = true;
  pass();
  expect(told).toEqual([2]);
});
