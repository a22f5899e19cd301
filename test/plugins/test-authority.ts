import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { issueCertificate } from "@evenkeel/agent/etcd/issue-certificate";
import type { TestCertificate } from "./test-certificates.ts";

const DAY_MS = 86_400_000;
/** A certificate that has ended was issued before. */
const DAYS_AGO = 60;

/** An authority of one test. */
export interface TestAuthority {
  readonly cert: string;
  /** Issues a certificate for a server that is called so, which does for clients too. */
  issue(...hosts: readonly string[]): TestCertificate;
  /** Issues one that holds for so many days more; a negative number: that ended so many days ago. */
  issueFor(days: number, ...hosts: readonly string[]): TestCertificate;
}

const makeKey = (): KeyObject => generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
const write = (key: KeyObject): string => String(key.export({ type: "pkcs8", format: "pem" }));

/**
 * Makes an authority.
 *
 * @param unit its name
 */
export function createAuthority(unit: string): TestAuthority {
  const signer = { unit, key: makeKey() };
  const nowMs = Date.now();
  const issueBetween = (fromMs: number, untilMs: number, hosts: readonly string[]): TestCertificate => {
    const key = makeKey();
    const validMs = untilMs - fromMs;
    const wish = { unit: `${unit}: ${hosts.join()}`, use: "member", hosts, key, validMs } as const;
    return { cert: issueCertificate(wish, signer, fromMs), key: write(key) };
  };
  const own = { ...signer, use: "authority", hosts: [], validMs: DAY_MS } as const;
  return {
    cert: issueCertificate(own, signer, nowMs),
    issue: (...hosts) => issueBetween(nowMs, nowMs + DAY_MS, hosts),
    issueFor: (days, ...hosts) => issueBetween(nowMs - DAYS_AGO * DAY_MS, nowMs + days * DAY_MS, hosts),
  };
}
