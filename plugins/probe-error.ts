import type { ProbeError } from "@evenkeel/contracts/plugin";

/** Most characters of a driver's words that are kept. */
const MESSAGE_MAX = 300;
/** Most characters of a code that are kept. */
const CODE_MAX = 60;
/** How deep causes are followed. */
const DEPTH_MAX = 4;
/** Characters of a driver's words that are looked at: servers may send any amount. */
const READ_MAX = 2000;

/**
 * Reduces whatever a driver threw to what may be judged and shown: its code, and the first line of its words without
 * credentials and control characters. An engine's own number wins over a driver's name for it, because the number is
 * what manuals list.
 *
 * @param error what was thrown
 * @returns code and message, both bounded
 */
export function describeError(error: unknown): ProbeError {
  const code = findFirst(error, readCode);
  const text = findFirst(error, readMessage) ?? (error instanceof Error ? error.name : describeValue(error));
  const line =
    text
      .slice(0, READ_MAX)
      .trim()
      .split(/[\r\n]/, 1)[0] ?? "";
  const message = withoutCredentials(withoutControls(line.replace(OPENSSL_LINE, "$1"))).slice(0, MESSAGE_MAX);
  return { code: nameAlert(code, line)?.slice(0, CODE_MAX), message };
}

/** OpenSSL's lines (ERR_error_string(3)): thread, number, library, function, reason, where. Only the reason tells. */
const OPENSSL_LINE = /(?:[0-9A-F]+:)?error:[0-9A-F]{8}:[^:]*:[^:]*:([^:]+)(?::.*)?$/;
/** An alert that the peer sent; its name begins with the version of TLS that introduced it, or of OpenSSL. */
const ALERT = /^(?:tlsv1\d?|sslv3|ssl\/tls) alert ([a-z ]+)$/;

const CODES_OF_TLS = /^(?:ERR_SSL_|EPROTO$|HANDSHAKE_SSL_ERROR$|NJS-506$)/;

/** Node names the alerts of its peers after versions of OpenSSL, and drivers put codes of their own in their place. */
function nameAlert(code: string | undefined, line: string): string | undefined {
  // What a server says in words of its own must not pass for an alert.
  if (code !== undefined && !CODES_OF_TLS.test(code)) return code;
  const [, alert] = ALERT.exec(OPENSSL_LINE.exec(line)?.[1] ?? "") ?? [];
  return alert === undefined ? code : `TLS_ALERT_${alert.replaceAll(" ", "_").toUpperCase()}`;
}

interface ErrorFields {
  readonly code?: unknown;
  readonly errno?: unknown;
  readonly sqlState?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** Asks an error, then what caused it: drivers and Node wrap the error that says something. */
function findFirst(
  error: unknown,
  read: (fields: ErrorFields) => string | undefined,
  depth = 0,
): string | undefined {
  if (typeof error !== "object" || error === null || depth > DEPTH_MAX) return undefined;
  const fields: ErrorFields = error;
  // A name with several addresses fails with one error for each of them.
  const inner: unknown = Array.isArray(fields.errors) ? fields.errors[0] : undefined;
  return read(fields) ?? findFirst(inner, read, depth + 1) ?? findFirst(fields.cause, read, depth + 1);
}

function readCode({ code, errno, sqlState }: ErrorFields): string | undefined {
  // Servers count up from 1; Node's own numbers are negative and have a name in `code`.
  if (typeof errno === "number" && errno > 0) return String(errno);
  if (typeof code === "string" && code !== "") return code;
  if (typeof code === "number") return String(code);
  return typeof sqlState === "string" && sqlState !== "" ? sqlState : undefined;
}

function readMessage({ message }: ErrorFields): string | undefined {
  return typeof message === "string" && message.trim() !== "" ? message : undefined;
}

function describeValue(value: unknown): string {
  return typeof value === "string" ? value : `a ${typeof value} was thrown`;
}

/** What a server sends may end up in a terminal. */
function withoutControls(text: string): string {
  return text.replace(/\p{C}+/gu, " ").trim();
}

const URL_CREDENTIALS = /(\/\/)[^/@\s]*@/g;
const AUTHORIZATION = /((?:proxy-)?authorization["']?\s*[=:]\s*|\bbearer\s+).*$/gi;
const IDENTIFIED_BY = /(identified\s+by\s+(?:password\s+)?)("[^"]*"|'[^']*'|\S+)/gi;
/** Names under which secrets stand; MySQL's "using password: YES" is none. */
const NAMED_SECRET =
  /((?:password|passwd|pwd|secret|token|api[-_]?key)["']?\s*[=:]\s*)(?!(?:YES|NO)\b)("[^"]*"|'[^']*'|[^\s,;&)]+)/gi;

function withoutCredentials(text: string): string {
  return text
    .replace(URL_CREDENTIALS, "$1")
    .replace(AUTHORIZATION, "$1…")
    .replace(IDENTIFIED_BY, "$1…")
    .replace(NAMED_SECRET, "$1…");
}
