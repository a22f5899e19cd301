import { X509Certificate } from "node:crypto";
import {
  CERTIFICATES_MAX,
  type SeenCertificate,
  type ShownCertificate,
} from "@evenkeel/contracts/certificate";
import { readCertificate } from "@evenkeel/plugins/tell-certificate";
import { TLS_MERGED } from "@evenkeel/plugins/tls";
import { z } from "zod";
import { judgeEnd } from "../judge-end.ts";

const OfTls = z.object(TLS_MERGED);

/** What the sessions of a test are shown. */
export interface MetCertificates {
  onCertificate(shown: ShownCertificate): void;
  /** @returns what was shown up to now, and what is shown to servers; each once, those that end first before others */
  list(): SeenCertificate[];
}

/**
 * Begins to collect the certificates of a test.
 *
 * @param settings of the target, whatever its kind
 * @param nowMs this machine's clock in ms since 1970
 */
export function meetCertificates(settings: Record<string, unknown>, nowMs: number): MetCertificates {
  const own = readOwn(settings);
  const servers = new Map<string, ShownCertificate>();
  return {
    onCertificate: (shown) => void servers.set(shown.address, shown),
    list() {
      const met = [
        ...(own === null ? [] : [{ of: "client" as const, ...own }]),
        ...[...servers.values()].map((shown) => ({ of: "server" as const, ...shown })),
      ];
      return met
        .sort((left, right) => left.untilMs - right.untilMs)
        .slice(0, CERTIFICATES_MAX)
        .map((one) => ({ ...one, end: judgeEnd(one.untilMs, nowMs).end }));
    },
  };
}

function readOwn(settings: Record<string, unknown>): ReturnType<typeof readClientCertificate> {
  const { tls } = OfTls.safeParse(settings).data ?? {};
  return tls?.clientCertPem === undefined || tls.mode === "off"
    ? null
    : readClientCertificate(tls.clientCertPem);
}

/**
 * Reads the agents' own certificate.
 *
 * @param pem the first of several is their own; the others lead to its authority
 * @returns null: it cannot be read, which is told by whoever cannot use it
 */
export function readClientCertificate(pem: string): Omit<ShownCertificate, "address"> | null {
  try {
    return readCertificate(new X509Certificate(pem));
  } catch {
    // OpenSSL's words would add nothing to what the connection itself fails with.
    return null;
  }
}
