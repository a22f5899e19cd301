import type { LiveView } from "@evenkeel/contracts/live";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Answer } from "../../web/api/request.ts";
import { computeFreshness, SILENCE_MAX_MS } from "../../web/live/freshness.ts";
import {
  LiveConnection,
  OPEN_MAX_MS,
  PING_EVERY_MS,
  POLL_EVERY_MS,
  RECHECK_EVERY_MS,
} from "../../web/live/live-connection.ts";
import type { SocketListener } from "../../web/live/live-line.ts";
import { makeMonitor, makeView } from "./fixture-views.ts";

const view = makeView([makeMonitor("orders")]);
const frame = (shown: LiveView) => JSON.stringify({ type: "view", view: shown });
const NO_ANSWER = { ok: false, failure: { reason: "no-answer" } } as const;
const refuse = (status: number): Answer<LiveView> => ({
  ok: false,
  failure: {
    reason: "problem",
    problem: { title: "", status, detail: "", code: "internal", retryable: false },
  },
});

/** The far end: sockets that a test opens and cuts, and the answer to polls. */
function createFarEnd() {
  const far = {
    sockets: [] as { readonly listener: SocketListener; readonly sent: string[]; closed: boolean }[],
    answer: NO_ANSWER as Answer<LiveView>,
    polls: 0,
    signedOut: 0,
    last() {
      const socket = far.sockets.at(-1);
      if (socket === undefined) throw new Error("no socket was opened");
      return socket;
    },
    open(shown: LiveView = view) {
      far.last().listener.opened();
      far.last().listener.received(frame(shown));
    },
  };
  const connection = new LiveConnection({
    openSocket: (listener) => {
      const socket = { listener, sent: [] as string[], closed: false };
      far.sockets.push(socket);
      return {
        send: (text) => void socket.sent.push(text),
        close: () => {
          socket.closed = true;
        },
      };
    },
    poll: async () => {
      far.polls += 1;
      return far.answer;
    },
    now: () => performance.now(),
    random: () => 1,
    onSignedOut: () => {
      far.signedOut += 1;
    },
  });
  const freshness = () => computeFreshness(connection.getState(), performance.now());
  return { far, connection, freshness };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("the connection to an instance", () => {
  it("polls at once, so that the first picture does not wait for the socket", async () => {
    const { far, connection, freshness } = createFarEnd();
    far.answer = { ok: true, value: view };
    connection.start();
    await pass(0);
    expect(connection.getState().view).toEqual(view);
    expect(freshness().kind).toBe("polling");
    connection.stop();
  });

  it("is live only from the first frame on, not when the socket opens", async () => {
    const { far, connection, freshness } = createFarEnd();
    connection.start();
    await pass(10);
    far.last().listener.opened();
    expect(freshness().kind).toBe("waiting");
    far.last().listener.received(frame(view));
    expect(freshness().kind).toBe("live");
    connection.stop();
  });

  it("pings, stays live on pongs, and takes a silent socket for dead", async () => {
    const { far, connection, freshness } = createFarEnd();
    connection.start();
    far.open();
    const first = far.last();
    for (let round = 0; round < 3; round += 1) {
      await pass(PING_EVERY_MS);
      first.listener.received("pong");
    }
    expect(first.sent).toEqual(["ping", "ping", "ping", "ping"]);
    expect(freshness().kind).toBe("live");
    await pass(PING_EVERY_MS + SILENCE_MAX_MS);
    expect(first.closed).toBe(true);
    expect(freshness().kind).toBe("lost");
    connection.stop();
  });

  it("gives up a socket that does not open", async () => {
    const { far, connection } = createFarEnd();
    connection.start();
    await pass(OPEN_MAX_MS);
    expect(far.last().closed).toBe(true);
    connection.stop();
  });

  it("comes back by itself with growing waits, and polls meanwhile", async () => {
    const { far, connection, freshness } = createFarEnd();
    connection.start();
    await pass(1);
    far.open();
    far.answer = { ok: true, value: view };
    far.last().listener.closed();
    await pass(0);
    expect(freshness().kind).toBe("polling");
    await pass(500);
    expect(far.sockets).toHaveLength(2);
    far.last().listener.closed();
    await pass(999);
    expect(far.sockets).toHaveLength(2);
    await pass(1);
    expect(far.sockets).toHaveLength(3);
    far.open();
    expect(freshness().kind).toBe("live");
    const before = far.polls;
    await pass(POLL_EVERY_MS - 1);
    expect(far.polls - before).toBeLessThanOrEqual(1);
    connection.stop();
  });

  it("says the age of what is shown while nothing answers", async () => {
    const { far, connection, freshness } = createFarEnd();
    connection.start();
    far.open();
    far.last().listener.closed();
    await pass(4_000);
    expect(freshness()).toEqual({ kind: "lost", ageMs: 4_000 });
    expect(connection.getState().view).toEqual(view);
    connection.stop();
  });

  it("asks for the picture beside an open socket, because the runtime answers pings by itself", async () => {
    const { far, connection } = createFarEnd();
    far.answer = { ok: true, value: view };
    connection.start();
    far.open();
    await pass(1);
    const before = far.polls;
    for (let passed = 0; passed < RECHECK_EVERY_MS; passed += PING_EVERY_MS) {
      await pass(PING_EVERY_MS);
      far.last().listener.received("pong");
    }
    expect(far.polls).toBe(before + 1);
    connection.stop();
  });

  it("does not let a slow poll put an older picture over a newer frame", async () => {
    const { far, connection } = createFarEnd();
    const newer = { ...view, atMs: view.atMs + 50, name: "newer" };
    far.answer = { ok: true, value: view };
    connection.start();
    far.open(newer);
    await pass(0);
    expect(connection.getState().view?.name).toBe("newer");
    connection.stop();
  });

  it("takes an older picture when the control plane's clock was set back by more than a moment", async () => {
    const { far, connection } = createFarEnd();
    far.answer = { ok: true, value: { ...view, atMs: view.atMs - 3_600_000, name: "after the correction" } };
    connection.start();
    far.open();
    await pass(0);
    expect(connection.getState().view?.name).toBe("after the correction");
    connection.stop();
  });

  it.each(["not json", '{"type":"view","view":{}}', new ArrayBuffer(3)])(
    "a frame that cannot be read (%s) makes the picture old instead of breaking the page",
    async (data) => {
      const { far, connection, freshness } = createFarEnd();
      connection.start();
      await pass(1);
      far.open();
      far.answer = { ok: false, failure: { reason: "unreadable", status: 200 } };
      far.last().listener.received(data);
      await pass(0);
      expect(freshness().kind).toBe("lost");
      expect(connection.getState().trouble).toBe("unreadable");
      expect(connection.getState().view).toEqual(view);
      connection.stop();
    },
  );

  it("stops and says so when the session is over", async () => {
    const { far, connection } = createFarEnd();
    far.answer = refuse(401);
    connection.start();
    await pass(60_000);
    expect([far.signedOut, far.polls, far.sockets.length]).toEqual([1, 1, 1]);
    expect(far.last().closed).toBe(true);
  });

  it.each([
    [404, "gone"],
    [403, "forbidden"],
    [503, null],
  ] as const)("an answer with status %i means %s", async (status, trouble) => {
    const { far, connection } = createFarEnd();
    far.answer = refuse(status);
    connection.start();
    await pass(0);
    expect(connection.getState().trouble).toBe(trouble);
    connection.stop();
  });

  it("is silent after it was stopped", async () => {
    const { far, connection } = createFarEnd();
    connection.start();
    far.open();
    connection.stop();
    const [polls, sockets] = [far.polls, far.sockets.length];
    await pass(60_000);
    expect([far.polls, far.sockets.length]).toEqual([polls, sockets]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
