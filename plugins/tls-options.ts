import type * as Crypto from "node:crypto";
import type * as Tls from "node:tls";
import type { ProbeContext } from "@evenkeel/contracts/plugin";
import { createError } from "./keep-connection.ts";
import { TLS_BROKEN_PEM, TLS_NO_CERTIFICATE, TLS_NO_KEY, TLS_OTHER_KEY } from "./network-errors.ts";
import type { TlsSettings } from "./tls.ts";

const BETWEEN_CERTIFICATES = /(?<=-----END CERTIFICATE-----)\s*(?=\S)/;

/** What Node and the drivers want to know. */
export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** What is sent to the server; never an IP address, which the protocol (RFC 6066 §3) forbids. */
  readonly servername?: string;
  /** Compares the certificate with the name that is expected, whatever a driver thinks that it connected to. */
  readonly checkServerIdentity?: (host: string, certificate: Tls.PeerCertificate) => Error | undefined;
}

/**
 * Tells whether connections are encrypted.
 *
 * @param settings of the target
 */
export function isEncrypted({ tls }: TlsSettings): boolean {
  return tls !== undefined && tls.mode !== "off";
}

/**
 * Turns the settings into what Node and the drivers take.
 *
 * @param settings of the target; what does not fit together is told by an error with a code of its own
 * @param host what the certificate has to list where no server name was entered; null: as whoever connects thinks
 * @param context loads Node's modules
 * @returns the options; null if the connection is plain
 */
export async function createTlsOptions(
  settings: TlsSettings,
  host: string | null,
  context: ProbeContext,
): Promise<TlsOptions | null> {
  if (!isEncrypted(settings)) return null;
  const { tls } = settings;
  const node = await context.load<typeof Tls>("node:tls");
  const pair = await requireReadable(settings, context);
  const name = tls?.serverName ?? host;
  return {
    rejectUnauthorized: tls?.mode === "verify",
    ...(tls?.caPem === undefined ? {} : { ca: tls.caPem }),
    ...pair,
    ...(name === null || !isName(name) ? {} : { servername: name }),
    ...(name === null
      ? {}
      : { checkServerIdentity: (_, certificate) => node.checkServerIdentity(name, certificate) }),
  };
}

/**
 * Makes sure that what was entered can be read, that a client certificate and its key are both there, or neither, and
 * that they belong together.
 *
 * @param settings of the target
 * @param context loads Node's modules
 * @returns the client's certificate and key; nothing where there is neither
 * @throws an error that says what is missing or broken
 */
export async function requireReadable(
  { tls, clientKeyPem: key }: TlsSettings,
  context: ProbeContext,
): Promise<{ readonly cert: string; readonly key: string } | undefined> {
  const { X509Certificate, createPrivateKey } = await context.load<typeof Crypto>("node:crypto");
  // OpenSSL trusts what it can read of a list and says nothing of the rest.
  for (const part of tls?.caPem?.split(BETWEEN_CERTIFICATES) ?? [])
    read("certificate authority", () => new X509Certificate(part));
  const cert = tls?.clientCertPem;
  if (cert === undefined && key === undefined) return undefined;
  if (key === undefined) throw createError(TLS_NO_KEY, "the client certificate has no key");
  if (cert === undefined) throw createError(TLS_NO_CERTIFICATE, "the client's key has no certificate");
  const certificate = read("client certificate", () => new X509Certificate(cert));
  const privateKey = read("client's key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey))
    throw createError(TLS_OTHER_KEY, "the client's key belongs to another certificate");
  return { cert, key };
}

/** OpenSSL's own words may quote what it read. */
function read<Result>(name: string, parse: () => Result): Result {
  try {
    return parse();
  } catch {
    throw createError(TLS_BROKEN_PEM, `the ${name} cannot be read`);
  }
}

/** Letters stand in names only, and colons in IPv6 only. */
function isName(host: string): boolean {
  return /[a-z]/i.test(host) && !host.includes(":");
}
