import type { X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { ShownCertificate } from "@evenkeel/contracts/certificate";
import type { ProbeContext } from "@evenkeel/contracts/plugin";

/** Longest subject that is told. */
const SUBJECT_MAX = 200;

/**
 * Tells what a server shows, as soon as TLS knows it.
 *
 * @param socket before its handshake
 * @param address what it is connected to, `host:port`
 * @param context who wants to know
 */
export function tellCertificate(socket: TLSSocket, address: string, context: ProbeContext): void {
  if (context.onCertificate === undefined) return;
  // At this event Node judges the certificate, and destroys the socket if it does not trust it.
  socket.prependOnceListener("secure", () => tellShown(socket, address, context));
}

/**
 * Tells what a server has shown.
 *
 * @param socket after its handshake
 * @param address what it is connected to, `host:port`
 * @param context who wants to know
 */
export function tellShown(socket: TLSSocket, address: string, { onCertificate }: ProbeContext): void {
  const certificate = socket.getPeerX509Certificate();
  if (certificate !== undefined) onCertificate?.({ address, ...readCertificate(certificate) });
}

/**
 * Reads whom a certificate was issued for, and until when it holds.
 *
 * @param certificate as Node parsed it
 */
export function readCertificate(
  certificate: Pick<X509Certificate, "subject" | "subjectAltName" | "validTo">,
): Pick<ShownCertificate, "subject" | "untilMs"> {
  const { subject, subjectAltName, validTo } = certificate;
  // Certificates of today may name their holder as a host only.
  const words = (subject ?? "") === "" ? (subjectAltName ?? "") : subject.replaceAll("\n", ", ");
  return { subject: words.slice(0, SUBJECT_MAX), untilMs: Date.parse(validTo) };
}
