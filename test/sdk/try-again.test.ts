import { expect, test, vi } from "vitest";
import { NoRouteError, NotWritableError, SwitchedError } from "../../sdk/errors.ts";
import { isOneStatement } from "../../sdk/routing/judge-statement.ts";
import { MYSQL, POSTGRESQL } from "../../sdk/routing/scan-sql.ts";
import { repeatWork, type TryAgainRequest, waitForWriter } from "../../sdk/switching/try-again.ts";

const DELAY_MS = 5000;

/** A board on which each pause is over at once, and noted. */
function requestOf(times: number, onReread: (request: { active: null | object }) => void = () => undefined) {
  const pauses: number[] = [];
  const board = {
    active: {} as never,
    reread: vi.fn(async () => onReread(board)),
    waitForSwitch: (pauseMs: number, resume: () => void) => {
      pauses.push(pauseMs);
      resume();
    },
  };
  const request: TryAgainRequest = { board, retry: { times, delayMs: DELAY_MS } };
  return { request, board, pauses };
}

test("after a refusal the route is read again, and it goes on after such a delay as configured", async () => {
  const { request, board, pauses } = requestOf(2);
  await new Promise<void>((next) => waitForWriter(request, next));
  expect(board.reread).toHaveBeenCalledTimes(1);
  expect(pauses).toEqual([DELAY_MS]);
});

test("it goes on at once when the route that was read again names another side", async () => {
  const { request, pauses } = requestOf(1, (board) => {
    board.active = {};
  });
  await new Promise<void>((next) => waitForWriter(request, next));
  expect(pauses).toEqual([]);
});

const isAway = (error: Error): boolean => error.message === "away";

test.each([
  ["a switch", new SwitchedError("dc1", "dc2", 2)],
  ["a lost connection", new Error("away")],
  ["a side that takes no writes", new NotWritableError("closed")],
  ["no route", new NoRouteError("none")],
  ["such an error, wrapped by a mapper", new Error("failed query", { cause: new Error("away") })],
  ["one that typeorm wraps", Object.assign(new Error("failed"), { driverError: new Error("away") })],
  [
    "one that prisma puts away",
    Object.assign(new Error("raw query failed"), { meta: { driverAdapterError: new Error("away") } }),
  ],
  ["one of which prisma keeps the code alone", Object.assign(new Error(""), { code: "EVENKEEL_SWITCHED" })],
])("work that may be done twice is done again after %s", async (_what, error) => {
  const { request, pauses } = requestOf(3);
  const work = vi.fn().mockRejectedValueOnce(error).mockResolvedValue("done");
  expect(await repeatWork(request, work, isAway)).toBe("done");
  expect(pauses).toEqual([DELAY_MS]);
});

test("work is done again at most as often as configured, and not after an error of its own", async () => {
  const { request } = requestOf(2);
  const work = vi.fn().mockRejectedValue(new Error("away"));
  await expect(repeatWork(request, work, isAway)).rejects.toThrow("away");
  expect(work).toHaveBeenCalledTimes(3);
  const wrong = vi.fn().mockRejectedValue(new Error("duplicate key"));
  await expect(repeatWork(request, wrong, isAway)).rejects.toThrow("duplicate key");
  expect(wrong).toHaveBeenCalledTimes(1);
});

test.each([
  ["INSERT INTO a VALUES (1)", true],
  ["/* remark */ UPDATE a SET b = 'x; y';", true],
  ["WITH x AS (SELECT 1) INSERT INTO a SELECT * FROM x", true],
  ["INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)", false],
  ["CALL book(1)", false],
  ["DO $$ BEGIN COMMIT; END $$", false],
  ["BEGIN", false],
  ["COPY a FROM STDIN", false],
  ["SELECT 'never ends", false],
])("%j is a whole by itself: %s", (sql, whole) => {
  for (const dialect of [POSTGRESQL, MYSQL]) expect(isOneStatement(sql, dialect)).toBe(whole);
});
