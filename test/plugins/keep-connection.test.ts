import { loadDriver } from "@evenkeel/agent/drivers";
import { createError, keepConnection, type Line } from "@evenkeel/plugins/keep-connection";
import { expect, onTestFinished, test, vi } from "vitest";
import { eventually } from "../eventually.ts";
import { openServer } from "./fault-servers.ts";
import { countSockets } from "./probe-kind.ts";

interface Kept {
  readonly session: ReturnType<typeof keepConnection>;
  readonly onClosed: ReturnType<typeof vi.fn>;
  line(): Line;
}

/** A session that asks by sending a byte and waiting for one. */
async function keep(): Promise<Kept & { readonly server: Awaited<ReturnType<typeof serve>> }> {
  const server = await serve();
  const onClosed = vi.fn();
  let line: Line | undefined;
  const session = keepConnection({ load: loadDriver, onClosed, accessTimeoutMs: 1000 }, async (given) => {
    line = given;
    const [host = "", port] = server.address.split(":");
    given.socket.connect(Number(port), host);
    return () =>
      new Promise((resolve) => {
        given.socket.once("data", resolve);
        given.socket.write("?");
      });
  });
  onTestFinished(async () => {
    session.destroy();
    await server.close();
    await eventually(() => expect(countSockets()).toBe(0));
  });
  const requireLine = () => {
    if (line === undefined) throw new Error("no connection was begun");
    return line;
  };
  return { session, onClosed, server, line: requireLine };
}

async function serve() {
  const sockets: { end(): unknown; resetAndDestroy(): unknown }[] = [];
  let isMute = false;
  const server = await openServer((socket) => {
    sockets.push(socket);
    socket.on("data", () => isMute || socket.write("!"));
  });
  return {
    ...server,
    connections: () => sockets.length,
    end: () => sockets.at(-1)?.end(),
    reset: () => sockets.at(-1)?.resetAndDestroy(),
    mute: () => {
      isMute = true;
    },
  };
}

test("the connection is opened by the first probe, and once", async () => {
  const { session, server } = await keep();
  expect(server.connections()).toBe(0);
  for (let round = 0; round < 3; round += 1) expect(String(await session.probe())).toBe("!");
  expect(server.connections()).toBe(1);
});

test.each(["end", "reset"] as const)("the %s of an idle connection is told once", async (how) => {
  const { session, server, onClosed } = await keep();
  await session.probe();
  server[how]();
  await eventually(() => expect(onClosed).toHaveBeenCalledOnce());
  await expect(session.probe()).rejects.toMatchObject({ code: how === "end" ? "PEER_CLOSED" : "ECONNRESET" });
  expect(server.connections()).toBe(1);
  session.destroy();
  expect(onClosed).toHaveBeenCalledOnce();
});

test.each(["end", "reset"] as const)("the %s of a connection rejects the probe in flight", async (how) => {
  const { session, server, onClosed } = await keep();
  await session.probe();
  server.mute();
  const asked = expect(session.probe()).rejects.toMatchObject({
    code: how === "end" ? "PEER_CLOSED" : "ECONNRESET",
  });
  server[how]();
  await asked;
  expect(onClosed).toHaveBeenCalledOnce();
});

test("the end of a connection that never answered rejects the probe and is not told", async () => {
  const { session, server, onClosed } = await keep();
  server.mute();
  const asked = expect(session.probe()).rejects.toMatchObject({ code: "PEER_CLOSED" });
  await eventually(() => expect(server.connections()).toBe(1));
  server.end();
  await asked;
  expect(onClosed).not.toHaveBeenCalled();
});

test("what we destroy ourselves is not told as closed by the peer", async () => {
  const { session, onClosed } = await keep();
  await session.probe();
  session.destroy();
  await eventually(() => expect(countSockets()).toBeLessThanOrEqual(2));
  expect(onClosed).not.toHaveBeenCalled();
  await expect(session.probe()).rejects.toMatchObject({ code: "PROBE_ABANDONED" });
});

test("a driver's late errors change nothing", async () => {
  const { session, onClosed, line } = await keep();
  await session.probe();
  session.destroy();
  line().lose(createError("57P01", "late"));
  line().socket.emit("error", new Error("later"));
  expect(onClosed).not.toHaveBeenCalled();
});

test("an engine's farewell is what the next probe is told", async () => {
  const { session, onClosed, line } = await keep();
  await session.probe();
  line().lose(createError("57P01", "terminating connection due to administrator command"));
  expect(onClosed).toHaveBeenCalledOnce();
  await expect(session.probe()).rejects.toMatchObject({ code: "57P01" });
});
