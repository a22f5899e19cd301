import { api } from "@evenkeel/plugins/monitors";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { eventually } from "../eventually.ts";
import { openServer } from "./fault-servers.ts";
import { countSockets, openSession } from "./probe-kind.ts";
import { serveHttp } from "./serve-http.ts";
import { OWN_NAME } from "./test-certificates.ts";

const ACCESS_TIMEOUT_MS = 3000;
const SHORT_MS = 150;

afterEach(async () => {
  await eventually(() => expect(countSockets()).toBe(0));
});

function openApi(address: string, changes: object = {}, accessTimeoutMs = ACCESS_TIMEOUT_MS) {
  const settings = { ...api.common.parse({}), ...api.target.parse({ address }), ...changes };
  const opened = openSession(api, settings, accessTimeoutMs);
  onTestFinished(opened.destroy);
  return opened;
}

test("one connection is kept, until the session is destroyed", async () => {
  const server = await serveHttp((_, response) => response.end("well"));
  const { probe, destroy } = openApi(server.address);
  for (let round = 0; round < 5; round += 1) expect((await probe()).judgement.verdict).toBe("up");
  expect(server.sockets).toHaveLength(1);
  destroy();
  await eventually(() => expect(server.sockets[0]?.destroyed).toBe(true));
  server.close();
});

test("method, path and headers are sent, the secret ones too", async () => {
  const server = await serveHttp((_, response) => response.writeHead(204).end());
  const { probe } = openApi(server.address, {
    method: "POST",
    path: "/health?deep=1",
    expectedStatus: 204,
    headers: { accept: "text/plain", "x-of": "both" },
    secretHeaders: { authorization: "Bearer s3cret" },
  });
  expect((await probe()).judgement.verdict).toBe("up");
  expect(server.requests[0]).toMatchObject({
    method: "POST",
    url: "/health?deep=1",
    headers: {
      host: server.address,
      accept: "text/plain",
      authorization: "Bearer s3cret",
      "user-agent": "evenkeel-agent",
    },
  });
  server.close();
});

test("a redirect is not followed", async () => {
  const server = await serveHttp((_, response) => response.writeHead(302, { location: "/elsewhere" }).end());
  const { probe } = openApi(server.address);
  expect((await probe()).judgement).toMatchObject({ reason: "wrong-status", code: "302" });
  expect(server.requests).toHaveLength(1);
  server.close();
});

test("a server that announces that it closes is asked anew each time, without being told as closed", async () => {
  const server = await serveHttp((_, response) => response.setHeader("connection", "close").end("well"));
  const { probe, closings } = openApi(server.address);
  for (let round = 0; round < 4; round += 1) expect((await probe()).judgement.verdict).toBe("up");
  await eventually(() => expect(server.sockets.every((socket) => socket.destroyed)).toBe(true));
  expect(server.sockets).toHaveLength(4);
  expect(closings()).toBe(0);
  server.close();
});

test("the announced end of a connection that was kept is no news", async () => {
  const server = await serveHttp((_, response) => {
    if (server.requests.length === 3) response.setHeader("connection", "close");
    response.end("well");
  });
  const { probe, closings } = openApi(server.address);
  for (let round = 0; round < 3; round += 1) expect((await probe()).judgement.verdict).toBe("up");
  await eventually(() => expect(server.sockets[0]?.destroyed).toBe(true));
  expect((await probe()).judgement.verdict).toBe("up");
  expect(closings()).toBe(0);
  server.close();
});

test("a server that closes after each answer without a word is not told as closed either", async () => {
  const server = await serveHttp((request, response) => response.end("well", () => request.socket.end()));
  const { probe, closings } = openApi(server.address);
  for (let round = 0; round < 4; round += 1) expect((await probe()).judgement.verdict).toBe("up");
  expect(server.sockets).toHaveLength(4);
  expect(closings()).toBe(0);
  server.close();
});

test("the unannounced end of a connection that is being kept is told at once, once", async () => {
  const server = await serveHttp((_, response) => response.end("well"));
  const { probe, closed, closings } = openApi(server.address);
  await probe();
  await probe();
  server.close();
  await closed;
  expect((await probe()).judgement).toMatchObject({ verdict: "down", reason: "refused" });
  expect(closings()).toBe(1);
});

test("a kept connection that the server closes just as we write is no failure", async () => {
  let answers = 0;
  // The second request on a connection finds it closed, as when an idle time-out has just struck.
  const server = await openServer((socket) => {
    let asked = 0;
    socket.on("data", () => {
      asked += 1;
      if (asked === 2) return socket.destroy();
      answers += 1;
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
  });
  const { probe, destroy } = openApi(server.address);
  for (let round = 0; round < 4; round += 1) expect((await probe()).judgement.verdict).toBe("up");
  expect(answers).toBe(4);
  destroy();
  await server.close();
});

test("a server that closes each time before it answers is down", async () => {
  let connections = 0;
  const server = await openServer((socket) => {
    connections += 1;
    let asked = 0;
    socket.on("data", () => {
      asked += 1;
      if (connections === 1 && asked === 1) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      else socket.destroy();
    });
  });
  const { probe, destroy } = openApi(server.address);
  expect((await probe()).judgement.verdict).toBe("up");
  expect((await probe()).judgement).toMatchObject({ verdict: "down", reason: "closed" });
  expect(connections).toBe(2);
  destroy();
  await server.close();
});

test("a body without end costs the connection, not the verdict", async () => {
  const server = await serveHttp((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write("x".repeat(16_384)));
    };
    response.on("drain", more);
    more();
  });
  const { probe } = openApi(server.address);
  expect((await probe()).judgement.verdict).toBe("up");
  await eventually(() => expect(server.sockets.every((socket) => socket.destroyed)).toBe(true));
  expect((await probe()).judgement.verdict).toBe("up");
  expect(server.sockets).toHaveLength(2);
  server.close();
});

test("a body that does not come to its end in time is a time-out", async () => {
  const server = await serveHttp((_, response) => response.write("begun"));
  const { probe, destroy } = openApi(server.address, {}, SHORT_MS);
  expect((await probe()).judgement).toMatchObject({ verdict: "down", reason: "timed-out" });
  destroy();
  server.close();
});

test("[SAFE-5] an unknown authority is config, and TLS that is not there too", async () => {
  const secure = await serveHttp((_, response) => response.end("well"), OWN_NAME);
  const plain = await serveHttp((_, response) => response.end("well"));
  for (const { address } of [secure, plain]) {
    const { probe, destroy } = openApi(address, { protocol: "https" });
    expect((await probe()).judgement).toMatchObject({ verdict: "config", reason: "tls-failed" });
    destroy();
  }
  secure.close();
  plain.close();
});

test("HTTP at a port that wants TLS is down", async () => {
  const secure = await serveHttp((_, response) => response.end("well"), OWN_NAME);
  const { probe, destroy } = openApi(secure.address);
  expect((await probe()).judgement.verdict).toBe("down");
  destroy();
  secure.close();
});
