import type * as AsyncHooks from "node:async_hooks";
import type * as Diagnostics from "node:diagnostics_channel";
import type * as Net from "node:net";
import type { ProbeContext } from "@evenkeel/contracts/plugin";
import { createError, type Life } from "./keep-connection.ts";
import { PEER_CLOSED } from "./network-errors.ts";

/** Where Node tells every socket that somebody in this process connects, before it is connected (`diagnostics_channel`). */
const CHANNEL = "net.client.socket";

/** Reads the socket out of what Node tells. */
const readSocket = (message: unknown) => (message as { readonly socket: Net.Socket }).socket;

/**
 * Lets a driver connect that takes no socket from us, and owns the sockets that it opens meanwhile, redirections
 * included. They are told apart from everybody else's by the asynchronous context in which they are made. The session's
 * end destroys them, those of a name that resolves only later too; so does a driver's failure, because drivers
 * part in good order, which a peer that says nothing makes wait for ever.
 *
 * @param context loads Node's modules
 * @param life of the session
 * @param connect has the driver connect and log in; it has to settle once its sockets are destroyed
 * @param explain turns the driver's error into one with a code, from the socket that it opened last
 * @returns what the driver made
 */
export async function ownSockets<Made>(
  context: ProbeContext,
  life: Life,
  connect: () => Promise<Made>,
  explain: (error: unknown, socket: Net.Socket | undefined) => unknown,
): Promise<Made> {
  const { AsyncLocalStorage } = await context.load<typeof AsyncHooks>("node:async_hooks");
  const { subscribe, unsubscribe } = await context.load<typeof Diagnostics>("node:diagnostics_channel");
  life.ended.throwIfAborted();
  const ours = new AsyncLocalStorage<true>();
  const sockets: Net.Socket[] = [];
  const own = (message: unknown): void => {
    if (ours.getStore() !== true) return;
    const socket = readSocket(message);
    sockets.push(socket);
    // It is told before it connects, and connecting would revive it.
    if (life.ended.aborted) process.nextTick(destroyAll, sockets, life.ended.reason);
  };
  life.ended.addEventListener("abort", () => destroyAll(sockets, life.ended.reason));
  subscribe(CHANNEL, own);
  try {
    const made = await ours.run(true, connect);
    for (const socket of sockets) watch(socket, life);
    return made;
  } catch (error) {
    const explained = explain(error, sockets.at(-1));
    destroyAll(sockets);
    throw explained;
  } finally {
    unsubscribe(CHANNEL, own);
  }
}

function destroyAll(sockets: readonly Net.Socket[], reason?: Error): void {
  for (const socket of sockets) {
    if (socket.destroyed) continue;
    // The driver waits for an error, and may have taken every listener away; the session has told why already.
    socket.on("error", () => undefined);
    socket.destroy(reason ?? createError(PEER_CLOSED, "the driver gave up"));
  }
}

/** The driver took Node's own listeners away, so that a socket whose peer has ended its side would stay half open. */
function watch(socket: Net.Socket, { lose }: Life): void {
  const closed = (): void => lose(createError(PEER_CLOSED, "the server closed the connection"));
  socket.on("error", lose);
  socket.on("end", closed);
  socket.on("close", closed);
}
