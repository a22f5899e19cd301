import type { Duplex } from "node:stream";
import type * as NodeTls from "node:tls";
import type { ProbeContext } from "@evenkeel/contracts/plugin";
import { readAddress } from "./address.ts";
import { createError, type Line } from "./keep-connection.ts";
import { PEER_CLOSED } from "./network-errors.ts";
import { tellCertificate } from "./tell-certificate.ts";
import type { TlsSettings } from "./tls.ts";
import { createTlsOptions } from "./tls-options.ts";

/** What a protocol of ours reads from and writes to. */
export interface Wire {
  readonly stream: Duplex;
  /** Ends the session; see {@link Line}. */
  lose(error: Error): void;
}

/**
 * Connects the socket of a session, and speaks TLS over it where that is wanted.
 *
 * @param line the session's socket
 * @param address where to connect to
 * @param settings of the target
 * @param context loads TLS
 * @returns what to read from and write to; its losses are the line's
 */
export async function connectLine(
  { socket, lose }: Line,
  address: string,
  settings: TlsSettings,
  context: ProbeContext,
): Promise<Wire> {
  const { host, port } = readAddress(address);
  const tls = await createTlsOptions(settings, host, context);
  if (tls === null) return { stream: socket.connect(port, host), lose };
  const node = await context.load<typeof NodeTls>("node:tls");
  const stream = node.connect({ ...tls, socket: socket.connect(port, host) });
  tellCertificate(stream, address, context);
  stream.on("error", (error: NodeJS.ErrnoException) => lose(nameCut(error)));
  stream.on("close", () => lose(createError(PEER_CLOSED, "the server closed the connection")));
  return { stream, lose };
}

/**
 * Names the error of a connection: Node calls a handshake that was cut in good order reset; only what the system reset
 * has a system call.
 *
 * @param error the socket's
 */
export function nameCut(error: NodeJS.ErrnoException): Error {
  const isCut = error.code === "ECONNRESET" && error.syscall === undefined;
  return isCut ? createError(PEER_CLOSED, error.message) : error;
}
