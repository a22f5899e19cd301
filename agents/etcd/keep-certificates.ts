import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { type CertificateWish, isGood, issueCertificate, type Signer } from "./issue-certificate.ts";
import type { KeptFiles } from "./keep-files.ts";

const DAY_MS = 86_400_000;
const AUTHORITY_VALID_MS = 3650 * DAY_MS;
const VALID_MS = 825 * DAY_MS;
/** What ends sooner is issued anew. */
const RENEW_MS = 90 * DAY_MS;

/** Name of the authority's files. */
export const AUTHORITY = "ca";
/** Name of the files that agents and applications show. */
export const CLIENT = "client";
/** @returns name of the files of the n-th member, counted from 1 */
export const memberName = (number: number): string => `member-${number}`;

/** What was made. */
export interface KeptCertificates {
  /** Names of what was issued in this run. */
  readonly issued: readonly string[];
}

/**
 * Makes the authority, a certificate for each member and one for all clients; keeps what is there and good. Each pair is
 * written key first, so that a run that broke off is gone on with.
 *
 * @param files the directory
 * @param hosts host of each member, in their order
 * @param nowMs wall clock in ms since 1970
 * @throws Error in one line if the authority is only half there, or ends soon
 */
export async function keepCertificates(
  files: KeptFiles,
  hosts: readonly string[],
  nowMs: number,
): Promise<KeptCertificates> {
  const issued: string[] = [];
  const signer = { unit: "etcd authority", key: await keepKey(files, AUTHORITY) };
  let authority = await files.read(`${AUTHORITY}.pem`);
  if (authority === null) {
    const wish = { ...signer, use: "authority", hosts: [], validMs: AUTHORITY_VALID_MS } as const;
    authority = issueCertificate(wish, signer, nowMs);
    await files.write(`${AUTHORITY}.pem`, authority);
    issued.push(AUTHORITY);
  }
  checkAuthority(files, authority, signer.key, nowMs);
  const members = hosts.map((host, index) => ({
    name: memberName(index + 1),
    use: "member" as const,
    // Whoever is on the member's own machine reaches it so.
    hosts: [...new Set([host, "localhost", "127.0.0.1"])],
  }));
  for (const { name, use, hosts } of [
    ...members,
    { name: CLIENT, use: "client" as const, hosts: ["evenkeel-client"] },
  ]) {
    const wish: CertificateWish = {
      ...{ unit: name, use, hosts, validMs: VALID_MS },
      key: await keepKey(files, name),
    };
    if (await keepCertificate(files, name, wish, signer, authority, nowMs)) issued.push(name);
  }
  return { issued };
}

/** Whoever trusts an authority has to be given its successor by hand, so that it is never replaced here. */
function checkAuthority(files: KeptFiles, pem: string, key: KeyObject, nowMs: number): void {
  const certificate = new X509Certificate(pem);
  if (!certificate.checkPrivateKey(key))
    throw new Error(`${files.pathOf(`${AUTHORITY}.key`)} is not the key of ${AUTHORITY}.pem`);
  if (Date.parse(certificate.validTo) < nowMs + RENEW_MS)
    throw new Error(
      `${files.pathOf(`${AUTHORITY}.pem`)} ends on ${certificate.validTo}: start with a new directory`,
    );
}

async function keepKey(files: KeptFiles, name: string): Promise<KeyObject> {
  const known = await files.read(`${name}.key`);
  if (known !== null) return readKey(files, name, known);
  if ((await files.read(`${name}.pem`)) !== null) {
    throw new Error(
      `${files.pathOf(`${name}.pem`)} has lost its key ${name}.key: bring it back or delete the certificate`,
    );
  }
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  await files.write(`${name}.key`, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  return privateKey;
}

function readKey(files: KeptFiles, name: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // OpenSSL's words may quote what it read.
    throw new Error(`${files.pathOf(`${name}.key`)} is no private key: bring it back or delete it`);
  }
}

async function keepCertificate(
  files: KeptFiles,
  name: string,
  wish: CertificateWish,
  signer: Signer,
  authority: string,
  nowMs: number,
): Promise<boolean> {
  const known = await files.read(`${name}.pem`);
  if (known !== null && isGood(known, wish, authority, nowMs + RENEW_MS)) return false;
  await files.write(`${name}.pem`, issueCertificate(wish, signer, nowMs));
  return true;
}
