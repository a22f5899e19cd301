import { createHash, createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import { bits, identifier, integer, isTrue, octets, sequence, set, tagged, text, time } from "./der.ts";

/*
 * Certificates after RFC 5280, for ECDSA keys. Node signs but cannot make a certificate, and the openssl command is not
 * everywhere where an agent runs.
 */

/** Clocks that are behind ours by so much take a new certificate already. */
const SKEW_MS = 5 * 60_000;
const SERIAL_BYTES = 16;
/** RFC 7093 §2: the identifier of a key is the beginning of its hash. */
const KEY_ID_BYTES = 20;
const PEM_COLUMNS = 64;

const OID = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  organisation: "2.5.4.10",
  unit: "2.5.4.11",
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  alternativeName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

/** Whom a certificate is for. */
export interface CertificateWish {
  /**
   * Names it within the organisation. No certificate gets a common name: etcd's gateway takes one for a user's name, and
   * refuses it.
   */
  readonly unit: string;
  readonly use: "authority" | "member" | "client";
  /** Host names and addresses. */
  readonly hosts: readonly string[];
  readonly key: KeyObject;
  readonly validMs: number;
}

/** Who signs. */
export interface Signer {
  readonly unit: string;
  readonly key: KeyObject;
}

/**
 * Issues a certificate.
 *
 * @param wish whom it is for
 * @param signer who signs: the authority, or for its own certificate itself
 * @param nowMs wall clock in ms since 1970
 * @returns the certificate as PEM
 */
export function issueCertificate(wish: CertificateWish, signer: Signer, nowMs: number): string {
  const algorithm = sequence(identifier(OID.ecdsaWithSha256));
  const content = sequence(
    tagged(0, integer(Buffer.from([2]))),
    integer(randomBytes(SERIAL_BYTES)),
    algorithm,
    nameOf(signer.unit),
    sequence(time(nowMs - SKEW_MS), time(nowMs + wish.validMs)),
    nameOf(wish.unit),
    publicPart(wish.key),
    tagged(3, sequence(...listExtensions(wish, signer))),
  );
  const certificate = sequence(content, algorithm, bits(sign("sha256", content, signer.key)));
  const lines = certificate.toString("base64").match(new RegExp(`.{1,${PEM_COLUMNS}}`, "g")) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/**
 * Tells whether a certificate still does for what it was issued for.
 *
 * @param pem the certificate
 * @param wish whom it should be for
 * @param authority the certificate that it should be signed by, as PEM
 * @param untilMs wall clock up to which it should hold
 */
export function isGood(pem: string, wish: CertificateWish, authority: string, untilMs: number): boolean {
  const certificate = new X509Certificate(pem);
  return (
    Date.parse(certificate.validTo) >= untilMs &&
    certificate.verify(new X509Certificate(authority).publicKey) &&
    certificate.checkPrivateKey(wish.key) &&
    wish.hosts.every((host) => covers(certificate, host))
  );
}

function covers(certificate: X509Certificate, host: string): boolean {
  const isAddress = isIPv4(host) || isIPv6(host);
  return (isAddress ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
}

function nameOf(unit: string): Buffer {
  const part = (oid: string, value: string) => set(sequence(identifier(oid), text(value)));
  return sequence(part(OID.organisation, "Evenkeel"), part(OID.unit, unit));
}

function publicPart(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: "spki", format: "der" });
}

function keyIdOf(key: KeyObject): Buffer {
  return createHash("sha256").update(publicPart(key)).digest().subarray(0, KEY_ID_BYTES);
}

function listExtensions({ use, hosts, key }: CertificateWish, signer: Signer): Buffer[] {
  const plain = (oid: string, content: Buffer) => sequence(identifier(oid), octets(content));
  const critical = (oid: string, content: Buffer) => sequence(identifier(oid), isTrue(), octets(content));
  const keys = [
    plain(OID.subjectKeyId, octets(keyIdOf(key))),
    plain(OID.authorityKeyId, sequence(tagged(0, keyIdOf(signer.key), false))),
  ];
  if (use === "authority") {
    // Bits 5 and 6: it signs certificates and revocation lists.
    const signs = critical(OID.keyUsage, bits(Buffer.from([0b0000_0110]), 1));
    return [critical(OID.basicConstraints, sequence(isTrue())), signs, ...keys];
  }
  // A member is a client too: of its peers, and of itself through its own gateway.
  const uses = use === "member" ? [OID.serverAuth, OID.clientAuth] : [OID.clientAuth];
  return [
    critical(OID.basicConstraints, sequence()),
    critical(OID.keyUsage, bits(Buffer.from([0b1000_0000]), 7)),
    plain(OID.extendedKeyUsage, sequence(...uses.map(identifier))),
    plain(OID.alternativeName, sequence(...hosts.map(renderHost))),
    ...keys,
  ];
}

function renderHost(host: string): Buffer {
  if (isIPv4(host)) return tagged(7, Buffer.from(host.split(".").map(Number)), false);
  if (isIPv6(host)) return tagged(7, readIPv6(host), false);
  return tagged(2, Buffer.from(host, "ascii"), false);
}

/** @returns the 16 bytes of an address whose last part is hexadecimal, as URLs normalise it */
function readIPv6(address: string): Buffer {
  const [head = "", tail] = address.split("::");
  const groups = (part: string) => part.split(":").filter((group) => group !== "");
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, "0")).join(""), "hex");
}
