import type { Socket } from "node:net";
import { redis } from "@evenkeel/plugins/monitors";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import { openServer } from "./fault-servers.ts";
import { countSockets, openSession } from "./probe-kind.ts";

const WELL = "+PONG\r\n*1\r\n$6\r\nmaster\r\n$0\r\n\r\n$0\r\n\r\n";

afterEach(async () => {
  await eventually(() => expect(countSockets()).toBe(0));
});

/** Serves a script: what to send at the first piece that comes, at the second, … */
async function serve(...script: readonly ((socket: Socket) => void)[]) {
  const sockets: Socket[] = [];
  const server = await openServer((socket) => {
    sockets.push(socket);
    let at = 0;
    socket.on("data", () => {
      script[at]?.(socket);
      at += 1;
    });
  });
  const opened = openSession(redis, { address: server.address }, 3000);
  return { ...opened, server, sockets };
}

const send = (text: string) => (socket: Socket) => void socket.write(text);

test("replies may come in any pieces", async () => {
  const { probe, destroy, server } = await serve(async (socket) => {
    for (const character of WELL) await new Promise((resolve) => socket.write(character, resolve));
  }, send(WELL));
  expect((await probe()).judgement.verdict).toBe("up");
  expect((await probe()).judgement.verdict).toBe("up");
  destroy();
  await server.close();
});

test("a server that speaks unasked ends the session: what it says next could be taken for an answer", async () => {
  const { probe, closed, closings, sockets, server } = await serve(send(WELL));
  expect((await probe()).judgement.verdict).toBe("up");
  sockets[0]?.write("+PONG\r\n");
  await closed;
  expect((await probe()).judgement).toMatchObject({
    verdict: "down",
    reason: "bad-answer",
    code: "NOT_RESP",
  });
  expect(closings()).toBe(1);
  await server.close();
});

test("a server that says more than it was asked is not believed", async () => {
  const { probe, destroy, server } = await serve(send(`${WELL}+more\r\n`));
  expect((await probe()).judgement).toMatchObject({
    verdict: "down",
    reason: "bad-answer",
    code: "NOT_RESP",
  });
  destroy();
  await server.close();
});

test("a server that is full says so and hangs up: it lives", async () => {
  const { probe, destroy, server } = await serve((socket) =>
    socket.end("-ERR max number of clients reached\r\n"),
  );
  expect((await probe()).judgement).toMatchObject({
    verdict: "degraded",
    reason: "saturated",
    code: "MAXCLIENTS",
  });
  destroy();
  await server.close();
});
