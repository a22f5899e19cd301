import type * as Net from "node:net";
import { createError } from "./keep-connection.ts";
import { PEER_CLOSED } from "./network-errors.ts";

/** What answers does not speak Oracle's protocol; the driver tells that in several ways. */
export const NOT_ORACLE = "NOT_ORACLE";

/** The server's or listener's own number, at the beginning of a line: the driver wraps it in errors of its own. */
const SERVER_NUMBER = /^(?:Cause: )?(?:ORA|TNS)-(\d{1,5})\b:?[ \t]*(.*)$/m;
/** What differs with every connection, and leads nowhere. */
const CONNECTION_ID = / ?\(CONNECTION_ID=[^)]*\)/;
/** The driver's own number, which is shown as the code. */
const OWN_NUMBER = /^NJS-\d+: /;
/** Digits of a server's number in manuals. */
const NUMBER_DIGITS = 5;

/** The driver's errors that say the same as a code that tables know. */
const SAME_AS: Readonly<Record<string, string>> = {
  "NJS-518": "ORA-12514",
  "NJS-519": "ORA-12505",
  "NJS-510": "ETIMEDOUT",
  "NJS-530": "ENOTFOUND",
  // Slips of the driver over a packet that it does not know, and packets of impossible lengths.
  "NJS-068": NOT_ORACLE,
  "NJS-102": NOT_ORACLE,
  "NJS-103": NOT_ORACLE,
  "NJS-500": PEER_CLOSED,
  "NJS-501": PEER_CLOSED,
  "NJS-521": PEER_CLOSED,
};

/** The driver drops the code of a TLS error and keeps OpenSSL's and Node's words for it. */
const TLS_WORDS: readonly (readonly [RegExp, string])[] = [
  [/read ECONNRESET/, "ECONNRESET"],
  [/socket disconnected before secure/, PEER_CLOSED],
  [/wrong version number|packet length too long/, "EPROTO"],
  [/NJS-508|NJS-507/, "ERR_TLS_CERT_ALTNAME_INVALID"],
  [/certificate has expired/, "CERT_HAS_EXPIRED"],
  [/certificate is not yet valid/, "CERT_NOT_YET_VALID"],
  [
    /self.signed certificate|unable to get (local )?issuer|unable to verify the first/,
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  ],
];

/**
 * Turns an error of the driver into one with the code that manuals list: the server's number where it sent one, then
 * the system's, then what the driver's own number stands for.
 *
 * @param error what the driver threw
 * @param socket the socket that it used; undefined: none, or one that stands
 * @returns an error with code and one line of words; what has no code comes back as it is
 */
export function nameOracleError(error: unknown, socket?: Net.Socket): unknown {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return error;
  const { code } = error;
  const words = error.message.replace(CONNECTION_ID, "");
  const [first = ""] = words.replace(OWN_NUMBER, "").split("\n", 1);
  const number = SAME_AS[code] === undefined || code === "NJS-500" ? SERVER_NUMBER.exec(words) : null;
  if (number !== null) {
    const [, digits = "", said = ""] = number;
    return createError(
      `ORA-${digits.padStart(NUMBER_DIGITS, "0")}`,
      said === "" ? "the listener refused" : said,
    );
  }
  const { errored } = socket ?? {};
  if (errored !== null && errored !== undefined && "code" in errored) return errored;
  if (/^Invalid packet/m.test(words)) return createError(NOT_ORACLE, "it does not speak Oracle's protocol");
  if (code === "NJS-506") return createError(findTlsCode(words) ?? code, words.split("\n").at(-1) ?? first);
  const same = SAME_AS[code];
  if (same === NOT_ORACLE) return createError(NOT_ORACLE, "it does not speak Oracle's protocol");
  return createError(same ?? code, first);
}

function findTlsCode(words: string): string | undefined {
  return TLS_WORDS.find(([pattern]) => pattern.test(words))?.[1];
}
