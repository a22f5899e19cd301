import { beforeEach, expect, test } from "vitest";
import { ClosedError, NoRouteError, SwitchedError } from "../../sdk/errors.ts";
import { type AcquireRequest, acquireConnection } from "../../sdk/switching/acquire.ts";
import type { Side, Waiting } from "../../sdk/switching/side.ts";
import { createSwitchboard, type Switchboard } from "../../sdk/switching/switchboard.ts";
import { makeRoute } from "./make-route.ts";

interface TestSide extends Side {
  readonly asked: ((error: Error | null, connection: string | null) => void)[];
  readonly left: string[];
}

let sides: Map<string, TestSide>;
let board: Switchboard<TestSide>;

beforeEach(() => {
  sides = new Map();
  board = createSwitchboard<TestSide>({
    drainMs: 1000,
    sideOf: ({ dataCentre, writable }) => {
      if (dataCentre === "dc9") return null;
      const key = `${dataCentre}${writable ? "" : " read-only"}`;
      const side = sides.get(key) ?? createSide(dataCentre, !writable);
      sides.set(key, side);
      return side;
    },
  });
});

function createSide(dataCentre: string, readOnly: boolean): TestSide {
  const left: string[] = [];
  return {
    dataCentre,
    readOnly,
    asked: [],
    left,
    waiting: new Set<Waiting>(),
    busy: () => 3,
    abandon: (createError) => void left.push(`abandoned: ${createError().message}`),
    drain: (_createError, drainMs) => void left.push(`drained within ${drainMs}`),
    close: () => undefined,
  };
}

function acquire(retry = { times: 2, delayMs: 60_000 }): Promise<string> {
  const request: AcquireRequest<TestSide, string> = {
    board,
    retry,
    acquire: (side, done) => void side.asked.push(done),
    giveBack: (connection) => void sides.get("dc1")?.left.push(`given back ${connection}`),
    isAway: (error) => error.message === "away",
  };
  return new Promise((resolve, reject) => {
    acquireConnection(request, (error, connection, side) => {
      if (connection === null) reject(error);
      else resolve(`${connection} of ${side?.dataCentre}`);
    });
  });
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("without a route every call is refused: nobody guesses the home", async () => {
  await expect(acquire()).rejects.toBeInstanceOf(NoRouteError);
});

test("the first route is no switch, the next one is, and its event tells all", () => {
  expect(board.follow(makeRoute(1))).toBeNull();
  const event = board.follow(makeRoute(2, "dec-2", { active: "dc2" }));
  expect(event).toMatchObject({ from: "dc1", to: "dc2", epoch: 2, leaving: "abandon", busy: 3, moved: 0 });
  expect(board.active).toBe(sides.get("dc2"));
  expect(sides.get("dc1")?.left).toEqual([`abandoned: ${new SwitchedError("dc1", "dc2", 2).message}`]);
});

test("a data centre without a source refuses calls by its name and recovers with the next route", async () => {
  board.follow(makeRoute(1, "d", { active: "dc9" }));
  await expect(acquire()).rejects.toThrow(/dc9/);
  board.follow(makeRoute(2, "d", { active: "dc2" }));
  expect(board.active).toBe(sides.get("dc2"));
});

test("a call that waits for a connection when the route changes goes on at the new side", async () => {
  board.follow(makeRoute(1));
  const call = acquire();
  expect(board.follow(makeRoute(2, "d", { active: "dc2" }))).toMatchObject({ moved: 1 });
  await nextTurn();
  sides.get("dc2")?.asked[0]?.(null, "connection");
  expect(await call).toBe("connection of dc2");
  sides.get("dc1")?.asked[0]?.(null, "too late");
  expect(sides.get("dc1")?.left).toContain("given back too late");
});

test("a server that is away is tried again, and at once on the new side if the route changes meanwhile", async () => {
  board.follow(makeRoute(1));
  const call = acquire();
  sides.get("dc1")?.asked[0]?.(new Error("away"), null);
  board.follow(makeRoute(2, "d", { active: "dc2" }));
  await nextTurn();
  sides.get("dc2")?.asked[0]?.(null, "connection");
  expect(await call).toBe("connection of dc2");
});

test("tries are counted, and an error that the server answered is not tried again", async () => {
  board.follow(makeRoute(1));
  const side = sides.get("dc1");
  const refused = acquire();
  side?.asked[0]?.(new Error("wrong password"), null);
  await expect(refused).rejects.toThrow("wrong password");
  const away = acquire({ times: 1, delayMs: 1 });
  side?.asked[1]?.(new Error("away"), null);
  await expect.poll(() => side?.asked.length).toBe(3);
  side?.asked[2]?.(new Error("away"), null);
  await expect(away).rejects.toThrow("away");
});

test("closing refuses who waits and who comes", async () => {
  board.follow(makeRoute(1));
  const waiting = acquire();
  board.close();
  await expect(waiting).rejects.toBeInstanceOf(ClosedError);
  await expect(acquire()).rejects.toBeInstanceOf(ClosedError);
});

test("a route that takes writing away drains, and the side for reading only takes over", () => {
  board.follow(makeRoute(1));
  const closed = { dc1: { readable: true, writable: false } };
  expect(board.follow(makeRoute(2, "d", { dataCentres: closed }))).toMatchObject({ leaving: "drain" });
  expect(board.active?.readOnly).toBe(true);
  expect(sides.get("dc1")?.left).toEqual(["drained within 1000"]);
});
