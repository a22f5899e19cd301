import { askWithRoom, ROOM_QUESTION } from "@evenkeel/plugins/postgresql-room";
import { POSTGRESQL_QUESTION } from "@evenkeel/plugins/postgresql-server";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

const ROW = { recovering: false };
const MINUTE_MS = 60_000;

/** A server that answers the question of each probe, and to the one for room what it is told to. */
function createServer() {
  const server = {
    asked: [] as string[],
    code: null as string | null,
    ask: async (text: string) => {
      server.asked.push(text === ROOM_QUESTION ? "room" : "probe");
      if (text === ROOM_QUESTION && server.code !== null)
        throw Object.assign(new Error("as told"), { code: server.code });
      return [ROW];
    },
  };
  return server;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

it("a server is asked for room with the first probe, and then once a minute", async () => {
  const server = createServer();
  const probe = askWithRoom(server.ask, POSTGRESQL_QUESTION);
  expect(await probe()).toBe(ROW);
  expect(await probe()).toBe(ROW);
  expect(server.asked).toEqual(["probe", "room", "probe"]);
  vi.advanceTimersByTime(MINUTE_MS);
  await probe();
  expect(server.asked).toEqual(["probe", "room", "probe", "probe", "room"]);
});

it("without room each probe fails with the server's own code, until there is some", async () => {
  const server = createServer();
  const probe = askWithRoom(server.ask, POSTGRESQL_QUESTION);
  server.code = "53100";
  await expect(probe()).rejects.toMatchObject({ code: "53100" });
  await expect(probe()).rejects.toMatchObject({ code: "53100" });
  server.code = null;
  expect(await probe()).toBe(ROW);
  expect(server.asked.filter((one) => one === "room")).toHaveLength(3);
});

it.each(["53400", "0A000", "42883", "42501"])(
  "who may not or cannot write a temporary file (%s) is as well as its answer says, and asked again in a minute",
  async (code) => {
    const server = createServer();
    const probe = askWithRoom(server.ask, POSTGRESQL_QUESTION);
    server.code = code;
    expect(await probe()).toBe(ROW);
    expect(await probe()).toBe(ROW);
    expect(server.asked).toEqual(["probe", "room", "probe"]);
  },
);

it.each(["57P01", "ECONNRESET", "XX000"])(
  "any other end of the question (%s) is that of the probe",
  async (code) => {
    const server = createServer();
    server.code = code;
    await expect(askWithRoom(server.ask, POSTGRESQL_QUESTION)()).rejects.toMatchObject({ code });
  },
);
