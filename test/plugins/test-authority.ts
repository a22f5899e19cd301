import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { issueCertificate } from "@evenkeel/agent/etcd/issue-certificate";
import type { TestCertificate } from "./test-certificates.ts";

const DAY_MS = 86_400_000;

/** An authority of one test. */
export interface TestAuthority {
  readonly cert: string;
  /** Issues a certificate for a server that is called so, which does for clients too. */
  issue(...hosts: readonly string[]): TestCertificate;
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
  const own = { ...signer, use: "authority", hosts: [], validMs: DAY_MS } as const;
  return {
    cert: issueCertificate(own, signer, nowMs),
    issue(...hosts) {
      const key = makeKey();
      const wish = { unit: `${unit}: ${hosts.join()}`, use: "member", hosts, key, validMs: DAY_MS } as const;
      return { cert: issueCertificate(wish, signer, nowMs), key: write(key) };
    },
  };
}
