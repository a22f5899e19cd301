import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ClosedError, OverloadedError } from "../../sdk/errors.ts";
import { acquireConnection } from "../../sdk/switching/acquire.ts";
import { MAX_HELD } from "../../sdk/switching/hold.ts";
import type { Side, Waiting } from "../../sdk/switching/side.ts";
import { createSwitchboard, type Switchboard } from "../../sdk/switching/switchboard.ts";
import { makeRoute } from "./make-route.ts";

const HOLD_MS = 1000;
const PLANNED = { decidedBy: "operator:ann" };
const CLOSED = { readable: true, writable: false };
const OPEN = { readable: true, writable: true };

let board: Switchboard<Side>;
let epoch: number;

beforeEach(() => {
  vi.useFakeTimers();
  epoch = 0;
  board = boardOf(HOLD_MS);
});
afterEach(() => {
  board.close();
  vi.useRealTimers();
});

function boardOf(holdMs: number): Switchboard<Side> {
  return createSwitchboard<Side>({
    drainMs: 0,
    holdMs,
    sideOf: ({ dataCentre, writable }) => ({
      ...{ dataCentre, readOnly: !writable, waiting: new Set<Waiting>(), busy: () => 0 },
      ...{ abandon: () => undefined, drain: () => undefined, close: () => undefined },
    }),
  });
}

/** Follows a route under the next epoch. @param flags of dc1 and dc2 */
function follow(active: string, flags = [OPEN, OPEN], more: object = PLANNED) {
  epoch += 1;
  const [dc1 = OPEN, dc2 = OPEN] = flags;
  return board.follow(makeRoute(epoch, `d${epoch}`, { active, dataCentres: { dc1, dc2 }, ...more }));
}

function call(mayWrite = true): Promise<string> {
  const request = {
    board,
    retry: { times: 0, delayMs: 0 },
    acquire: (_side: Side, done: (error: Error | null, connection: string | null) => void) =>
      process.nextTick(done, null, "connection"),
    giveBack: () => undefined,
    mayWrite: (subject: unknown) => subject === "write",
    isAway: () => false,
  };
  return new Promise((resolve, reject) => {
    acquireConnection(
      request,
      (error, _connection, side) => {
        if (side === null) reject(error);
        else resolve(`${side.dataCentre}${side.readOnly ? " read-only" : ""}`);
      },
      mayWrite ? "write" : "read",
    );
  });
}

test("new work that may write waits for the other side, and what only reads goes on", async () => {
  follow("dc1");
  follow("dc1", [CLOSED]);
  const held = call();
  expect(await call(false)).toBe("dc1 read-only");
  expect(board.hold.count()).toBe(1);
  expect(follow("dc2", [CLOSED])).toMatchObject({ moved: 1 });
  await vi.runAllTimersAsync();
  expect(await held).toBe("dc2");
  expect(board.hold.isOn).toBe(false);
});

test("who is held goes on in the order in which it came, before those that come later", async () => {
  follow("dc1");
  follow("dc1", [CLOSED]);
  const order: number[] = [];
  const calls = [1, 2, 3].map((number) => call().then(() => order.push(number)));
  follow("dc2", [CLOSED]);
  calls.push(call().then(() => order.push(4)));
  await vi.runAllTimersAsync();
  await Promise.all(calls);
  expect(order).toEqual([1, 2, 3, 4]);
});

test("the hold ends by itself after its time, also for those that came late, and does not begin again", async () => {
  follow("dc1");
  follow("dc1", [CLOSED]);
  await vi.advanceTimersByTimeAsync(HOLD_MS - 1);
  const late = call();
  await vi.advanceTimersByTimeAsync(1);
  await vi.runAllTimersAsync();
  expect(await late).toBe("dc1 read-only");
  follow("dc2", [CLOSED, CLOSED]);
  expect(board.hold.isOn).toBe(false);
});

test.each([
  ["decided by a rule", { decidedBy: "ARB-23" }],
  ["of a monitor that was deleted", { decidedBy: "plan", phase: "retired" }],
])("a closed side is no planned switch when it is %s", (_what, more) => {
  follow("dc1");
  follow("dc1", [CLOSED], more);
  expect(board.hold.isOn).toBe(false);
});

test("a side that was closed before the process began holds nobody", () => {
  follow("dc1", [CLOSED]);
  expect(board.hold.isOn).toBe(false);
});

test("an automatic switch in the middle of a planned one lets everybody go to the new side", async () => {
  follow("dc1");
  follow("dc1", [CLOSED]);
  const held = call();
  follow("dc2", [CLOSED], { decidedBy: "ARB-23" });
  await vi.runAllTimersAsync();
  expect(await held).toBe("dc2");
});

test("a side that is opened again lets everybody go on there", async () => {
  follow("dc1");
  follow("dc1", [CLOSED]);
  const held = call();
  follow("dc1");
  await vi.runAllTimersAsync();
  expect(await held).toBe("dc1");
});

test("calls that are held have a limit, beyond which they are refused by its name", async () => {
  follow("dc1");
  follow("dc1", [CLOSED]);
  const held = Array.from({ length: MAX_HELD }, () => call());
  const refused = expect(call()).rejects.toThrow(OverloadedError);
  await vi.runAllTicks();
  await refused;
  follow("dc2", [CLOSED]);
  await vi.runAllTimersAsync();
  expect(new Set(await Promise.all(held))).toEqual(new Set(["dc2"]));
});

test("closing refuses who is held", async () => {
  follow("dc1");
  follow("dc1", [CLOSED]);
  const refused = expect(call()).rejects.toThrow(ClosedError);
  board.close();
  await refused;
});

test("without a time to hold nothing is held", async () => {
  board = boardOf(0);
  follow("dc1");
  follow("dc1", [CLOSED]);
  expect(await call()).toBe("dc1 read-only");
});

const announce = (to: string, forMs = 5000) =>
  follow("dc1", [OPEN, OPEN], { ...PLANNED, announced: { to, forMs } });

test("an announced switch: new writes wait for it, while the active side stays as it is", async () => {
  follow("dc1");
  expect(announce("dc2")).toBeNull();
  const held = call();
  expect(await call(false)).toBe("dc1");
  expect(board.hold.count()).toBe(1);
  follow("dc2");
  await vi.runAllTimersAsync();
  expect(await held).toBe("dc2");
});

test.each([
  ["comes to nothing", () => void follow("dc1")],
  ["is never heard of again", () => void vi.advanceTimersByTime(HOLD_MS)],
])("an announced switch that %s: the writes go on where they were", async (_how, end) => {
  follow("dc1");
  announce("dc2");
  const held = call();
  end();
  await vi.runAllTimersAsync();
  expect(await held).toBe("dc1");
});

test("an announcement holds no longer than it says", async () => {
  follow("dc1");
  announce("dc2", 200);
  const held = call();
  await vi.advanceTimersByTimeAsync(199);
  expect(board.hold.count()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  await vi.runAllTimersAsync();
  expect(await held).toBe("dc1");
});

test("a call that waited for a connection when the switch was announced is held like the others", async () => {
  follow("dc1");
  const left = vi.fn();
  board.active?.waiting.add({ leave: () => left });
  announce("dc2");
  expect(left).toHaveBeenCalledOnce();
  expect(board.active?.waiting.size).toBe(0);
});

test.each([
  ["by a rule", { decidedBy: "ARB-26" }],
  ["for the side that is active already", { announced: { to: "dc1", forMs: 5000 } }],
])("nothing is held for what is announced %s", async (_how, more) => {
  follow("dc1");
  follow("dc1", [OPEN, OPEN], { ...PLANNED, announced: { to: "dc2", forMs: 5000 }, ...more });
  expect(board.hold.isOn).toBe(false);
});
