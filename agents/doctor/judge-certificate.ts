import type { SeenCertificate } from "@evenkeel/contracts/certificate";
import { judgeEnd } from "../judge-end.ts";
import { bad, doubtful, type Finding, good } from "./finding.ts";

const RENEW = "renew the certificate";
/** The agents' own certificate comes from the settings of a monitor or store. */
const RENEW_OWN = "renew it, and enter it with its key in the settings";

/** A certificate that was shown. */
export interface ShownCertificate {
  /** Why Node's TLS does not trust it; null: it does. */
  readonly distrust: string | null;
  /** End of its validity in ms since 1970. */
  readonly untilMs: number;
}

/**
 * Judges a server's certificate.
 *
 * @param subject what people call the endpoint
 * @param certificate what the server showed
 * @param nowMs this machine's clock in ms since 1970
 */
export function judgeCertificate(
  subject: string,
  { distrust, untilMs }: ShownCertificate,
  nowMs: number,
): Finding {
  const ends = findEnd(subject, "its certificate", untilMs, nowMs, RENEW);
  if (ends?.state === "bad") return ends;
  if (distrust !== null) {
    const fix = "give the authority's certificate, or a certificate with this name";
    return bad(subject, `its certificate is not trusted (${distrust})`, fix);
  }
  return ends ?? good(subject, `reached, its certificate holds until ${judgeEnd(untilMs, nowMs).day}`);
}

/**
 * Judges the certificates of a target, or what is shown to a store. Whether they are trusted was for the probe to find out, as the target's settings
 * want it.
 *
 * @param subject what people call it
 * @param certificates what its test met
 * @param nowMs this machine's clock in ms since 1970
 * @returns a finding for each that has ended or ends soon
 */
export function judgeCertificates(
  subject: string,
  certificates: readonly Omit<SeenCertificate, "end">[],
  nowMs: number,
): Finding[] {
  return certificates.flatMap(({ of, address, subject: holder, untilMs }) => {
    const what =
      of === "client"
        ? `the agents' own certificate (${holder})`
        : `the certificate of ${address} (${holder})`;
    return findEnd(subject, what, untilMs, nowMs, of === "client" ? RENEW_OWN : RENEW) ?? [];
  });
}

function findEnd(subject: string, what: string, untilMs: number, nowMs: number, fix: string): Finding | null {
  const { end, days, day } = judgeEnd(untilMs, nowMs);
  switch (end) {
    case "ended":
      return bad(subject, `${what} ended on ${day}`, fix);
    case "soon":
      return doubtful(subject, `${what} ends in ${days} days, on ${day}`, fix);
    case "later":
      return null;
  }
}
