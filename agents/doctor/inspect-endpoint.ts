import { lookup } from "node:dns/promises";
import { connect as connectTcp } from "node:net";
import { connect as connectTls, type PeerCertificate, type TLSSocket } from "node:tls";
import { bad, type Finding } from "./finding.ts";
import { judgeCertificate, type ShownCertificate } from "./judge-certificate.ts";

/** How long looking a name up, and then connecting, may take, in milliseconds. */
const CONNECT_MS = 5_000;

/** Where something listens. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** PEM of the authority that is trusted; absent: the system's. */
  readonly ca?: string | undefined;
}

/**
 * Inspects how far one gets to an endpoint: name, TCP, and the certificate with its end.
 *
 * @param subject what people call it
 * @param endpoint where it is
 * @returns the first thing that is wrong; null when nothing is and there is no certificate to speak of
 */
export async function inspectEndpoint(subject: string, endpoint: Endpoint): Promise<Finding | null> {
  const { host, port } = endpoint;
  const name = await settleWithin(lookup(host));
  if (name instanceof Error) {
    return bad(
      subject,
      `the name ${host} cannot be resolved (${codeOf(name)})`,
      "mend the name or this machine's DNS",
    );
  }
  const reached = await settleWithin(endpoint.tls ? openTls(endpoint) : openTcp(endpoint));
  if (reached instanceof Error) {
    return bad(
      subject,
      `${host}:${port} (${name.address}) cannot be connected to (${codeOf(reached)})`,
      "start it, or open the firewall from this machine to it",
    );
  }
  return reached === null ? null : judgeCertificate(subject, reached, Date.now());
}

function openTcp({ host, port }: Endpoint): Promise<null> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, timeout: CONNECT_MS });
    socket.once("connect", () => {
      socket.destroy();
      resolve(null);
    });
    socket.once("timeout", () => socket.destroy(timedOut()));
    socket.once("error", reject);
  });
}

/** Connects whatever the certificate is worth, in order to tell why it is not trusted. */
function openTls({ host, port, ca }: Endpoint): Promise<ShownCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      ...{ host, port, rejectUnauthorized: false, timeout: CONNECT_MS },
      ...(ca === undefined ? {} : { ca }),
      ...(/^[\d.:[\]]+$/.test(host) ? {} : { servername: host }),
    });
    socket.once("secureConnect", () => {
      const shown = readCertificate(socket);
      socket.destroy();
      resolve(shown);
    });
    socket.once("timeout", () => socket.destroy(timedOut()));
    socket.once("error", reject);
  });
}

function readCertificate(socket: TLSSocket): ShownCertificate {
  const certificate: Partial<PeerCertificate> = socket.getPeerCertificate();
  const distrust: unknown = socket.authorizationError;
  return {
    distrust: socket.authorized ? null : distrust instanceof Error ? distrust.message : String(distrust),
    untilMs: Date.parse(certificate.valid_to ?? ""),
  };
}

function timedOut(): Error {
  return Object.assign(new Error("nobody answered in time"), { code: "ETIMEDOUT" });
}

/** A lookup cannot be cancelled, so that it is left alone after its time. */
async function settleWithin<Value>(asked: Promise<Value>): Promise<Value | Error> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<Error>((resolve) => {
    timer = setTimeout(() => resolve(timedOut()), CONNECT_MS);
  });
  const settled = asked.catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
  const first = await Promise.race([settled, expired]);
  clearTimeout(timer);
  return first;
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
