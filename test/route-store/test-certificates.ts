import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate with its key: the files for etcd, the texts for our client. */
export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** What a certificate of a test is made of. */
export interface CertificateWish {
  /** Name of its files. */
  readonly name: string;
  /** Subject in OpenSSL's notation. Without a CN etcd's gateway takes the certificate together with a token. */
  readonly subject?: string;
  /** Days that it is valid from now on; negative: it ran out. */
  readonly days?: number;
}

/** An authority that lives in a directory of one test file. */
export interface TestAuthority extends TestCertificate {
  issue(wish: CertificateWish): TestCertificate;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** @returns why no certificate can be made here, or null if it can */
export function whyNoOpenssl(): string | null {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return null;
  } catch {
    return "openssl is not on PATH (Debian: apt-get install openssl)";
  }
}

/** Makes an authority; its certificates are for 127.0.0.1, for servers and clients. */
export function createAuthority(directory: string, name: string): TestAuthority {
  const openssl = (args: readonly string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const files = (of: string) => ({
    certFile: join(directory, `${of}.pem`),
    keyFile: join(directory, `${of}.key`),
  });
  const read = (of: string): TestCertificate => {
    const { certFile, keyFile } = files(of);
    return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  };
  const own = files(name);
  const subject = ["-subj", `/O=${name}`, "-days", "2"];
  openssl(["req", "-x509", ...NEW_KEY, ...subject, "-keyout", own.keyFile, "-out", own.certFile]);
  return {
    ...read(name),
    issue(wish) {
      const { certFile, keyFile } = files(wish.name);
      const request = join(directory, `${wish.name}.csr`);
      const extensions = join(directory, `${wish.name}.ext`);
      writeFileSync(extensions, "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n");
      const newSubject = ["-subj", wish.subject ?? "/O=evenkeel test"];
      openssl(["req", ...NEW_KEY, ...newSubject, "-keyout", keyFile, "-out", request]);
      const signer = ["-CA", own.certFile, "-CAkey", own.keyFile, "-CAcreateserial"];
      const life = ["-days", String(wish.days ?? 2), "-extfile", extensions];
      openssl(["x509", "-req", "-in", request, ...signer, ...life, "-out", certFile]);
      return read(wish.name);
    },
  };
}
