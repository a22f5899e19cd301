/** What a setting in PEM is to hold. */
export type PemKind = "certificates" | "private key";

/** One block of the textual encoding (RFC 7468), with the headers of old private keys (RFC 1421). */
const BLOCK =
  /-----BEGIN ([A-Z0-9 ]{1,40})-----\s+((?:[A-Za-z0-9-]+:[^\n]*\n)*)([A-Za-z0-9+/=\s]*?)-----END \1-----/g;
const MARK = /-----(BEGIN|END)/;
/** The numbers of DER (X.690 §8): a sequence, and the bit of a length that counts its own bytes. */
const SEQUENCE = 0x30;
const LONG_LENGTH = 0x80;

/** Blocks by what they hold. OpenSSL writes the curve before the key that lies on it. */
const CERTIFICATE: ReadonlySet<string> = new Set(["CERTIFICATE"]);
const KEY: ReadonlySet<string> = new Set(["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]);
const BESIDE_KEY: ReadonlySet<string> = new Set(["EC PARAMETERS"]);

/**
 * Says what is wrong with a text in PEM, as far as it can be told without cryptography: whether it is whole, and whether
 * it is what belongs here. A private key above all must not stand where everybody can read it.
 *
 * @param text what was entered
 * @param kind what is to be entered
 * @returns what is wrong, never with a part of the text; null: nothing
 */
export function findPemProblem(text: string, kind: PemKind): string | null {
  const blocks = [...text.matchAll(BLOCK)].map(([, label = "", headers = "", body = ""]) => ({
    label,
    isEncrypted: label.startsWith("ENCRYPTED") || /ENCRYPTED/.test(headers),
    isWhole: isDer(body),
  }));
  if (MARK.test(text.replaceAll(BLOCK, ""))) return `must be whole: a line BEGIN or END is missing or cut`;
  if (blocks.length === 0) return `must be ${FORMS[kind]}`;
  if (blocks.some(({ isWhole, isEncrypted }) => !isWhole && !isEncrypted))
    return "must be whole: what stands between BEGIN and END is cut or changed";
  return kind === "certificates"
    ? findCertificateProblem(blocks.map(({ label }) => label))
    : findKeyProblem(blocks);
}

const FORMS: Readonly<Record<PemKind, string>> = {
  certificates: "certificates in PEM: -----BEGIN CERTIFICATE----- …",
  "private key": "a private key in PEM: -----BEGIN PRIVATE KEY----- …",
};

function findCertificateProblem(labels: readonly string[]): string | null {
  if (labels.some((label) => label.includes("PRIVATE KEY")))
    return "must not hold a private key: it belongs into the sealed setting clientKeyPem, and one that others saw is to be replaced";
  return labels.every((label) => CERTIFICATE.has(label)) ? null : `must be ${FORMS.certificates}`;
}

function findKeyProblem(
  blocks: readonly { readonly label: string; readonly isEncrypted: boolean }[],
): string | null {
  if (blocks.some(({ isEncrypted }) => isEncrypted))
    return "must be a private key without a passphrase: openssl pkey -in key.pem takes it off";
  const keys = blocks.filter(({ label }) => !BESIDE_KEY.has(label));
  const isKey = keys.length === 1 && keys.every(({ label }) => KEY.has(label));
  return isKey ? null : `must be ${FORMS["private key"]}, and nothing else`;
}

/** Whether a text in base64 is one complete value of DER. */
function isDer(base64: string): boolean {
  const text = base64.replaceAll(/\s/g, "");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return false;
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const [type, first = 0] = bytes;
  // The name of a curve is the one value that is no sequence, and short.
  if (type !== SEQUENCE) return bytes.length === first + 2;
  if (first < LONG_LENGTH) return bytes.length === first + 2;
  const count = first - LONG_LENGTH;
  const length = bytes.slice(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
  return bytes.length === 2 + count + length;
}
