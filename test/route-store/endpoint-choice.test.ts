import { expect, test } from "vitest";
import { createEndpointChoice, FIRST_AVOID_MS, LONGEST_AVOID_MS } from "../../route-store/endpoint-choice.ts";

const NONE: ReadonlySet<number> = new Set();

test("the given order is the preference", () => {
  const choice = createEndpointChoice(3);
  expect(choice.pick(0, NONE, true)).toBe(0);
  expect(choice.pick(0, new Set([0]), true)).toBe(1);
  expect(choice.pick(0, new Set([0, 1, 2]), true)).toBeNull();
});

test("a failed endpoint is left alone for its back-off, then tried again by a call that may try it", () => {
  const choice = createEndpointChoice(2);
  expect(choice.failed(0, 0)).toBe(true);
  expect(choice.pick(FIRST_AVOID_MS - 1, NONE, true)).toBe(1);
  expect(choice.pick(FIRST_AVOID_MS, NONE, true)).toBe(0);
  expect(choice.pick(FIRST_AVOID_MS, NONE, false)).toBe(1);
});

test("the back-off doubles with each failure up to its limit, and one success ends it", () => {
  const choice = createEndpointChoice(2);
  for (let failure = 0; failure < 20; failure += 1) choice.failed(0, 0);
  expect(choice.pick(LONGEST_AVOID_MS - 1, NONE, true)).toBe(1);
  expect(choice.pick(LONGEST_AVOID_MS, NONE, true)).toBe(0);
  expect(choice.succeeded(0)).toBe(true);
  expect(choice.succeeded(0)).toBe(false);
  expect(choice.pick(0, NONE, false)).toBe(0);
});

test("when all have failed, the one whose back-off ends first is chosen", () => {
  const choice = createEndpointChoice(2);
  choice.failed(0, 0);
  choice.failed(0, 0);
  choice.failed(1, 0);
  expect(choice.pick(1, NONE, false)).toBe(1);
});
