import type * as Tls from "node:tls";
import type { ProbeContext } from "@evenkeel/contracts/plugin";
import { createError } from "./keep-connection.ts";
import { PEER_CLOSED } from "./network-errors.ts";
import { tellCertificate } from "./tell-certificate.ts";
import type { TlsOptions } from "./tls-options.ts";

/** What is used of the driver's connection beyond its types: how it switches to TLS, and what it then reads from. */
interface Inside {
  startTLS(onSecure: (error?: Error) => void): void;
  /** Of TLS as soon as it was switched to. */
  stream?: Tls.TLSSocket;
}

/** Why a connection's certificate was not taken. */
const REFUSALS = new WeakMap<object, Error>();

/**
 * Has the server's name checked as soon as TLS stands, before the login is sent. The driver itself compares a server
 * that is reached by its IP address with the name `localhost`, and no other name can be given to it.
 *
 * @param connection the driver's, not connected yet
 * @param tls compares the certificate
 */
export function checkIdentity(connection: object, { checkServerIdentity }: TlsOptions): void {
  const inside = connection as Inside;
  const startTls = inside.startTLS.bind(connection);
  inside.startTLS = (onSecure) =>
    startTls((error) => {
      const certificate = inside.stream?.getPeerCertificate();
      const refusal =
        error ?? (certificate === undefined ? undefined : checkServerIdentity?.("", certificate));
      if (error === undefined && refusal !== undefined) REFUSALS.set(connection, nameRefusal(refusal));
      onSecure(refusal);
    });
}

/**
 * Tells what the server shows, whether it is trusted or not.
 *
 * @param connection the driver's, not connected yet
 * @param address the server's
 * @param context who wants to know
 */
export function tellMysqlCertificate(connection: object, address: string, context: ProbeContext): void {
  const inside = connection as Inside;
  const startTls = inside.startTLS.bind(connection);
  inside.startTLS = (onSecure) => {
    startTls(onSecure);
    if (inside.stream !== undefined) tellCertificate(inside.stream, address, context);
  };
}

/** The driver puts a code of its own in the place of Node's. */
function nameRefusal(error: NodeJS.ErrnoException): Error {
  return createError(error.code ?? "ERR_TLS_CERT_ALTNAME_INVALID", error.message);
}

/**
 * Gives an error of the driver the code of what happened: it has one for every failure of TLS.
 *
 * @param error the driver's
 * @param connection whose
 */
export function nameMysqlError(error: NodeJS.ErrnoException, connection: object): Error {
  if (error.code !== "HANDSHAKE_SSL_ERROR") return error;
  const refusal = REFUSALS.get(connection);
  if (refusal !== undefined) return refusal;
  const { stream } = connection as Inside;
  // Node's types call it an error; it is the code of one.
  const untrusted: unknown = stream?.authorizationError;
  if (typeof untrusted === "string") return createError(untrusted, error.message);
  const isCut = error.syscall !== undefined || /disconnected before secure/.test(error.message);
  return isCut ? createError(PEER_CLOSED, error.message) : error;
}
