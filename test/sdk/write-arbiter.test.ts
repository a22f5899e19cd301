import { beforeEach, expect, test, vi } from "vitest";
import { NotWritableError, type SdkError } from "../../sdk/errors.ts";
import type { Side, Waiting } from "../../sdk/switching/side.ts";
import { createSwitchboard, type Switchboard } from "../../sdk/switching/switchboard.ts";
import { ALWAYS, type Arbitrated, arbitrate } from "../../sdk/switching/write-arbiter.ts";
import { makeRoute } from "./make-route.ts";

let board: Switchboard<Side>;
let left: string[];
let errors: SdkError[];
let isLeased: boolean;
const onLapse = vi.fn();

beforeEach(() => {
  onLapse.mockClear();
  left = [];
  errors = [];
  isLeased = true;
  board = createSwitchboard<Side>({
    drainMs: 0,
    holdMs: 1000,
    sideOf: ({ dataCentre, writable }) => ({
      ...{ dataCentre, readOnly: !writable, waiting: new Set<Waiting>(), busy: () => 0 },
      abandon(createError) {
        left.push(`${dataCentre} abandoned`);
        errors.push(createError());
      },
      drain: () => void left.push(`${dataCentre} drained`),
      close: () => undefined,
    }),
  });
});

const strict = (): Arbitrated =>
  arbitrate(board, { mayWrite: () => isLeased, onChange: () => () => undefined }, onLapse);
const standing = (): string => `${board.active?.dataCentre} ${board.active?.readOnly ? "reads" : "writes"}`;

test("`available` writes whenever the route says so", () => {
  const arbitrated = arbitrate(board, ALWAYS, onLapse);
  arbitrated.follow(makeRoute(1));
  expect(standing()).toBe("dc1 writes");
  expect(arbitrated.reconsider()).toBeNull();
});

test("[SAFE-11] `strict` reads only until there is a lease", () => {
  isLeased = false;
  const arbitrated = strict();
  arbitrated.follow(makeRoute(1));
  expect(standing()).toBe("dc1 reads");
  isLeased = true;
  expect(arbitrated.reconsider()).toMatchObject({ writable: true, leaving: "drain" });
  expect(standing()).toBe("dc1 writes");
});

test("[SAFE-11] when the lease is over, what is under way is cut, and nothing is held in vain", () => {
  const arbitrated = strict();
  arbitrated.follow(makeRoute(1, "d", { decidedBy: "operator:ann" }));
  isLeased = false;
  expect(arbitrated.reconsider()).toMatchObject({ writable: false, leaving: "abandon", decidedBy: "lease" });
  expect(errors[0]).toBeInstanceOf(NotWritableError);
  expect(board.hold.isOn).toBe(false);
  expect(onLapse).not.toHaveBeenCalled();
});

test("[SAFE-11] who asks for the pointer after the lease is over gets none that writes, though no timer came yet", () => {
  strict().follow(makeRoute(1));
  isLeased = false;
  expect(standing()).toBe("dc1 reads");
  expect(left).toEqual(["dc1 abandoned"]);
  expect(onLapse).toHaveBeenCalledTimes(1);
});

test("[SAFE-11] a switch that is heard of without a lease moves the reads only", () => {
  const arbitrated = strict();
  arbitrated.follow(makeRoute(1));
  isLeased = false;
  arbitrated.follow(makeRoute(2, "d2", { active: "dc2" }));
  expect(standing()).toBe("dc2 reads");
  expect(left).toEqual(["dc1 abandoned"]);
  isLeased = true;
  arbitrated.reconsider();
  expect(standing()).toBe("dc2 writes");
});
