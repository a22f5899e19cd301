import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type EdgeFrame, PING, PING_INTERVAL_MS, PONG } from "@evenkeel/contracts/agent-protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { dialWebSocket } from "../../../agents/edge/dial-web-socket.ts";
import { EdgeConnection } from "../../../agents/edge/edge-connection.ts";
import { eventually } from "../../eventually.ts";
import { beginVirtualTime, endVirtualTime } from "../virtual-time.ts";

const TOKEN = "agent-token-0123456789";
const ACK: EdgeFrame = { type: "ack", boot: "boot-0001", seq: 7 };
const HELLO = {
  ...{ type: "hello" as const, protocol: 1, boot: "boot-0001" },
  ...{ version: "1", planVersion: 0, host: "h" },
};

let server: WebSocketServer;
let connection: EdgeConnection;
/** What the connection of this test told: one object per test, because the last one may still be ending. */
let told = createTold();

function createTold() {
  return { frames: [] as EdgeFrame[], closings: [] as string[], onClosed: (): void => undefined };
}
/** Connections that the control plane refuses from now on, with this status. */
let refuseWith: number | null = null;
beforeEach(async () => {
  const mine = createTold();
  told = mine;
  refuseWith = null;
  server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    verifyClient: (_info, answer) =>
      refuseWith === null ? answer(true) : answer(false, refuseWith, "refused"),
  });
  await once(server, "listening");
  connection = new EdgeConnection(
    dialWebSocket(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, TOKEN),
    {
      onOpen: () => connection.send(HELLO),
      onFrame: (frame) => mine.frames.push(frame),
      onClosed: (words) => {
        mine.closings.push(words);
        mine.onClosed();
      },
    },
  );
});
afterEach(async () => {
  connection.close();
  endVirtualTime();
  for (const client of server.clients) client.terminate();
  const closed = once(server, "close");
  server.close();
  await closed;
});

interface Accepted {
  readonly peer: WebSocket;
  readonly request: IncomingMessage;
  readonly hello: unknown;
}

/** Waits for the next connection and its hello. */
async function accept(): Promise<Accepted> {
  const [peer, request] = (await once(server, "connection")) as [WebSocket, IncomingMessage];
  const [hello] = await once(peer, "message");
  return { peer, request, hello: JSON.parse(String(hello)) };
}
function open(): Promise<Accepted> {
  const accepted = accept();
  connection.open();
  return accepted;
}
const ended = () =>
  new Promise<void>((resolve) => {
    told.onClosed = resolve;
  });

describe("the connection to the control plane", () => {
  it("names itself with its token, says hello, and hears frames", async () => {
    const { peer, request, hello } = await open();
    expect(request.url).toBe("/api/v1/agents/connect");
    expect(request.headers.authorization).toBe(`Bearer ${TOKEN}`);
    expect(hello).toEqual(HELLO);
    peer.send(JSON.stringify(ACK));
    await eventually(() => expect(told.frames).toEqual([ACK]));
    expect(connection.isHeard()).toBe(true);
  });

  it("sends nothing and says so while there is no connection", async () => {
    expect(connection.send(HELLO)).toBe(false);
    expect(connection.isHeard()).toBe(false);
    const { peer } = await open();
    const closed = ended();
    peer.terminate();
    await closed;
    expect(connection.send(HELLO)).toBe(false);
    expect(connection.isHeard()).toBe(false);
  });

  it("comes back by itself, and tells why it was closed", async () => {
    const { peer } = await open();
    const again = accept();
    peer.close(4409, "replaced by a newer connection");
    await again;
    expect(told.closings).toEqual(["replaced by a newer connection"]);
    expect(connection.send(HELLO)).toBe(true);
  });

  it.each([
    ["is not JSON", "{"],
    ["is of no known type", '{"type":"surprise"}'],
    ["breaks the schema", '{"type":"ack","boot":"boot-0001","seq":0}'],
    ["is binary", Buffer.from(JSON.stringify(ACK))],
  ])("is closed when a frame %s, and is opened anew", async (_, frame) => {
    const { peer } = await open();
    const closed = once(peer, "close");
    const again = accept();
    peer.send(frame);
    const [code] = await closed;
    expect(code).toBe(1002);
    expect(told.frames).toEqual([]);
    await again;
  });

  it("stays closed once it was closed for good, and leaves no timer behind", async () => {
    beginVirtualTime(["setTimeout", "clearTimeout"]);
    const { peer } = await open();
    const farewell = once(peer, "close");
    const closed = ended();
    connection.close();
    expect((await farewell)[0]).toBe(1000);
    await closed;
    expect(vi.getTimerCount()).toBe(0);
    connection.open();
    expect(connection.send(HELLO)).toBe(false);
    expect(server.clients.size).toBe(0);
  });
});

describe("the pace of coming back", () => {
  /** How long it waits after each of so many refusals, in ms. */
  async function measureWaits(refusals: number): Promise<number[]> {
    const waits: number[] = [];
    for (let refused = 0; refused < refusals; refused += 1) {
      const closed = ended();
      if (refused === 0) connection.open();
      else vi.advanceTimersToNextTimer();
      await closed;
      const beforeMs = Date.now();
      const next = vi.getTimerCount();
      expect(next).toBe(1);
      waits.push(await nextTimerIn(beforeMs));
    }
    return waits;
  }
  /** Reads the wait from the timer that was set, without letting it fire. */
  async function nextTimerIn(sinceMs: number): Promise<number> {
    const [, delayMs] = vi.mocked(setTimeout).mock.calls.at(-1) ?? [];
    expect(Date.now()).toBe(sinceMs);
    return delayMs ?? Number.NaN;
  }

  beforeEach(() => {
    beginVirtualTime(["setTimeout", "clearTimeout"]);
    vi.spyOn(globalThis, "setTimeout");
    refuseWith = 503;
  });

  it("doubles from 100 ms to 5 s, less a jitter of up to one half", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(1);
    expect(await measureWaits(8)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    random.mockReturnValue(0);
    const closed = ended();
    vi.advanceTimersToNextTimer();
    await closed;
    expect(await nextTimerIn(Date.now())).toBe(2500);
    expect(told.closings.every((words) => words.includes("503"))).toBe(true);
  });

  it("begins anew once the control plane has accepted us, and not by a mere open socket", async () => {
    vi.spyOn(Math, "random").mockReturnValue(1);
    await measureWaits(3);
    refuseWith = null;
    const lose = async (settled: boolean) => {
      const accepted = accept();
      vi.advanceTimersToNextTimer();
      const { peer } = await accepted;
      if (settled) connection.settle();
      const closed = ended();
      peer.terminate();
      await closed;
      return nextTimerIn(Date.now());
    };
    expect(await lose(false)).toBe(800);
    expect(await lose(true)).toBe(100);
  });
});

describe("a control plane that is mute", () => {
  /** Lets so many pings go out, one interval each, and the sockets do their work in between. */
  async function ping(times: number, peer: WebSocket, answer: boolean): Promise<void> {
    for (let sent = 0; sent < times; sent += 1) {
      const heard = once(peer, "message");
      vi.advanceTimersByTime(PING_INTERVAL_MS);
      expect(String((await heard)[0])).toBe(PING);
      if (!answer) continue;
      const pinged = once(peer, "pong");
      peer.send(PONG);
      // The WebSocket's own ping comes after the text, so that its pong proves that the text was taken.
      peer.ping();
      await pinged;
    }
  }

  beforeEach(() => beginVirtualTime(["setInterval", "clearInterval"]));

  it("is pinged each second, and is heard as long as it answers", async () => {
    const { peer } = await open();
    await ping(10, peer, true);
    expect(connection.isHeard()).toBe(true);
    expect(told.closings).toEqual([]);
    expect(told.frames).toEqual([]);
  });

  it("is given up after four seconds of silence, and another connection is tried", async () => {
    const { peer } = await open();
    await ping(4, peer, false);
    expect(connection.isHeard()).toBe(false);
    expect(told.closings).toEqual([]);
    const closed = ended();
    const again = accept();
    vi.advanceTimersByTime(PING_INTERVAL_MS);
    await closed;
    await again;
    expect(connection.isHeard()).toBe(true);
  });
});
