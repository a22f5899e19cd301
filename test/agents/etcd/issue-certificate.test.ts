import { execFileSync } from "node:child_process";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CertificateWish, isGood, issueCertificate } from "../../../agents/etcd/issue-certificate.ts";
import { keepCertificates } from "../../../agents/etcd/keep-certificates.ts";
import { type KeptFiles, openFiles } from "../../../agents/etcd/keep-files.ts";
import { whyNoOpenssl } from "../../route-store/test-certificates.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse("2026-11-21T09:00:00Z");
const HOSTS = ["etcd-1.test", "192.0.2.7", "2001:db8::7"];
const newKey = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
const authorityKey = newKey();
const SIGNER = { unit: "authority", key: authorityKey };
const AUTHORITY = issueCertificate(
  { ...SIGNER, use: "authority", hosts: [], validMs: 3650 * DAY_MS },
  SIGNER,
  NOW_MS,
);
const wishOf = (wish: Partial<CertificateWish> = {}): CertificateWish => ({
  ...{ unit: "member-1", use: "member", hosts: HOSTS, key: newKey(), validMs: 825 * DAY_MS },
  ...wish,
});

describe("an issued certificate", () => {
  it("is read by OpenSSL as what was wished", () => {
    const wish = wishOf();
    const certificate = new X509Certificate(issueCertificate(wish, SIGNER, NOW_MS));
    expect(certificate.subject).toBe("O=Evenkeel\nOU=member-1");
    expect(certificate.issuer).toBe("O=Evenkeel\nOU=authority");
    expect(certificate.subjectAltName).toBe(
      "DNS:etcd-1.test, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7",
    );
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(Date.parse(certificate.validFrom)).toBe(NOW_MS - 5 * 60_000);
    expect(Date.parse(certificate.validTo)).toBe(NOW_MS + 825 * DAY_MS);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkIssued(new X509Certificate(AUTHORITY))).toBe(true);
    expect(certificate.verify(new X509Certificate(AUTHORITY).publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(wish.key)).toBe(true);
  });

  it("says which is an authority, and which is only a client", () => {
    expect(new X509Certificate(AUTHORITY).ca).toBe(true);
    const client = issueCertificate(wishOf({ use: "client" }), SIGNER, NOW_MS);
    expect(new X509Certificate(client).keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  });

  it("may end after 2049, where certificates write years with four digits", () => {
    const late = issueCertificate(wishOf({ validMs: 30 * 365 * DAY_MS }), SIGNER, NOW_MS);
    expect(Date.parse(new X509Certificate(late).validTo)).toBe(NOW_MS + 30 * 365 * DAY_MS);
  });

  it("has another serial number each time, never a negative one", () => {
    const wish = wishOf();
    const serials = Array.from(
      { length: 32 },
      () => new X509Certificate(issueCertificate(wish, SIGNER, NOW_MS)).serialNumber,
    );
    expect(new Set(serials).size).toBe(32);
    expect(serials.filter((serial) => serial.startsWith("-"))).toEqual([]);
  });

  it("is good for its own hosts, key, authority and time only", () => {
    const wish = wishOf();
    const pem = issueCertificate(wish, SIGNER, NOW_MS);
    const stranger = { unit: "authority", key: newKey() };
    const other = issueCertificate({ ...wishOf(stranger), use: "authority" }, stranger, NOW_MS);
    expect(isGood(pem, wish, AUTHORITY, NOW_MS)).toBe(true);
    expect(isGood(pem, { ...wish, hosts: ["etcd-2.test"] }, AUTHORITY, NOW_MS)).toBe(false);
    expect(isGood(pem, { ...wish, hosts: ["192.0.2.8"] }, AUTHORITY, NOW_MS)).toBe(false);
    expect(isGood(pem, { ...wish, key: newKey() }, AUTHORITY, NOW_MS)).toBe(false);
    expect(isGood(pem, wish, other, NOW_MS)).toBe(false);
    expect(isGood(pem, wish, AUTHORITY, NOW_MS + 826 * DAY_MS)).toBe(false);
  });

  it("is trusted in a handshake in which both sides show one", async () => {
    const now = Date.now();
    const ca = issueCertificate({ ...SIGNER, use: "authority", hosts: [], validMs: DAY_MS }, SIGNER, now);
    const wish = wishOf({ hosts: ["localhost"] });
    const pair = {
      cert: issueCertificate(wish, SIGNER, now),
      key: wish.key.export({ type: "pkcs8", format: "pem" }),
    };
    const server = createServer({ ca, ...pair, requestCert: true, rejectUnauthorized: true }, (socket) =>
      socket.end(String(socket.authorized)),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const socket = connect({ host: "127.0.0.1", port, servername: "localhost", ca, ...pair });
    const said = await new Promise<string>((resolve, reject) => {
      socket.once("data", (chunk) => resolve(String(chunk)));
      socket.once("error", reject);
    });
    socket.destroy();
    server.close();
    expect(said).toBe("true");
  });

  const missing = whyNoOpenssl();
  it.skipIf(missing !== null)("is verified strictly by the openssl command", () => {
    const directory = mkdtempSync(join(tmpdir(), "evenkeel-der-"));
    const now = Date.now();
    const ca = issueCertificate({ ...SIGNER, use: "authority", hosts: [], validMs: DAY_MS }, SIGNER, now);
    writeFileSync(join(directory, "ca.pem"), ca);
    writeFileSync(join(directory, "member.pem"), issueCertificate(wishOf(), SIGNER, now));
    const args = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", join(directory, "ca.pem")];
    const said = execFileSync("openssl", [...args, join(directory, "member.pem")]).toString();
    rmSync(directory, { recursive: true });
    expect(said).toContain("OK");
  });
});

describe("the directory of certificates", () => {
  let directory: string;
  let files: KeptFiles;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "evenkeel-kept-"));
    files = await openFiles(join(directory, "deep", "etcd"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  const keep = async (hosts = ["192.0.2.1", "192.0.2.2"], nowMs = NOW_MS) =>
    (await keepCertificates(files, hosts, nowMs)).issued;

  it("gets what is missing, and nothing the second time", async () => {
    expect(await keep()).toEqual(["ca", "member-1", "member-2", "client"]);
    expect(await keep()).toEqual([]);
    expect(statSync(files.pathOf("client.key")).mode & 0o777).toBe(0o600);
    expect(statSync(files.pathOf("client.pem")).mode & 0o777).toBe(0o600);
    expect(statSync(files.pathOf(".")).mode & 0o777).toBe(0o700);
  });

  it("issues anew what ends soon or stands for another host, with the same key", async () => {
    const key = readFileSync(files.pathOf("member-2.key"), "utf8");
    expect(await keep(["192.0.2.1", "etcd-2.test", "192.0.2.3"])).toEqual(["member-2", "member-3"]);
    expect(await keep(["192.0.2.1", "etcd-2.test"], NOW_MS + 800 * DAY_MS)).toEqual([
      "member-1",
      "member-2",
      "client",
    ]);
    expect(readFileSync(files.pathOf("member-2.key"), "utf8")).toBe(key);
  });

  it("goes on with a key whose certificate was not written any more", async () => {
    const key = readFileSync(files.pathOf("client.key"), "utf8");
    rmSync(files.pathOf("client.pem"));
    expect(await keep(["192.0.2.1", "etcd-2.test"], NOW_MS + 800 * DAY_MS)).toEqual(["client"]);
    expect(readFileSync(files.pathOf("client.key"), "utf8")).toBe(key);
  });

  it("says what has to be mended by hand", async () => {
    await expect(keep([], NOW_MS + 3600 * DAY_MS)).rejects.toThrow(
      /ca\.pem ends on .*: start with a new directory/,
    );
    const key = readFileSync(files.pathOf("ca.key"), "utf8");
    rmSync(files.pathOf("ca.key"));
    await expect(keep()).rejects.toThrow(/ca\.pem has lost its key/);
    await files.write("ca.key", "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n");
    await expect(keep()).rejects.toThrow(/ca\.key is no private key/);
    await files.write("ca.key", newKey().export({ type: "pkcs8", format: "pem" }).toString());
    await expect(keep()).rejects.toThrow(/ca\.key is not the key of ca\.pem/);
    await files.write("ca.key", key);
  });
});
