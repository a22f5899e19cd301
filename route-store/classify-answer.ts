import type { StoreFailureReason } from "@evenkeel/contracts/route-store";
import type { GatewayError } from "./wire-responses.ts";

/** What an unsuccessful answer means for the call that got it. */
export type Verdict =
  /** The token is dead: log in again and repeat. The request was not applied. */
  | { readonly kind: "relogin"; readonly message: string }
  /** Try again, best at another endpoint. `maybeApplied`: a write may have been committed all the same. */
  | { readonly kind: "retry"; readonly maybeApplied: boolean; readonly message: string }
  /** Trying again would get the same answer. */
  | { readonly kind: "final"; readonly reason: StoreFailureReason; readonly message: string };

const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const UNAUTHENTICATED = 16;
/** Codes that say nothing about the request itself: cancelled, unknown, deadline, aborted, internal, unavailable. */
const TRANSIENT = new Set([1, 2, 4, 10, 13, 14]);

/** What a store means that refuses a call without a token. */
export const NO_USER = "etcd asks for a user and a password, and none are configured";

/** What the gateway answers, as plain text, to a client certificate that names a user (etcd `embed/serve.go`). */
const NAMED_CERTIFICATE = /^CommonName of client sending a request against gateway/;

/** Words with which etcd says that it refused the request before proposing it to the cluster. */
const NEVER_PROPOSED = [/no leader/, /too many requests/, /not capable/];

/**
 * Judges an error that etcd's gateway answered (texts: etcd `api/v3rpc/rpctypes/error.go`, codes: gRPC).
 *
 * @param status HTTP status
 * @param error the parsed error body, or null if it was none of etcd's
 * @param text the body as it came
 * @returns what to do
 */
export function classifyAnswer(status: number, error: GatewayError | null, text = ""): Verdict {
  if (error === null) {
    if (NAMED_CERTIFICATE.test(text)) {
      return {
        kind: "final",
        reason: "tls-failed",
        message:
          "etcd's gateway refuses a client certificate with a common name (CN): issue one with subject alternative names only",
      };
    }
    return {
      kind: "final",
      reason: "rejected",
      message: `HTTP ${status} without an etcd error: is this the client port of etcd with its JSON gateway enabled?`,
    };
  }
  const code = error.code ?? error.grpc_code ?? 2;
  const message = error.message ?? error.error ?? `error code ${code}`;
  if (code === UNAUTHENTICATED || /revision of auth store is old|invalid auth token/.test(message)) {
    return { kind: "relogin", message };
  }
  if (/invalid user ID or password/.test(message)) {
    return { kind: "final", reason: "auth-failed", message: "etcd refused the user or the password" };
  }
  if (code === INVALID_ARGUMENT && /user name is empty/.test(message)) {
    return { kind: "final", reason: "auth-failed", message: NO_USER };
  }
  if (code === PERMISSION_DENIED) return { kind: "final", reason: "permission-denied", message };
  if (code === RESOURCE_EXHAUSTED && !/too many requests/.test(message)) {
    return { kind: "final", reason: "rejected", message };
  }
  if (TRANSIENT.has(code) || code === RESOURCE_EXHAUSTED) {
    return { kind: "retry", maybeApplied: !NEVER_PROPOSED.some((words) => words.test(message)), message };
  }
  return { kind: "final", reason: "rejected", message };
}

/** Connection errors after which not a byte of the request can have been processed. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** OpenSSL's verification errors as Node names them, and failures of the handshake itself. */
const TLS_ERROR =
  /^(ERR_TLS_|ERR_SSL_|EPROTO|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_|CRL_)/;

/** The alerts with which a server refuses what the client showed of itself (RFC 8446 §6.2), as OpenSSL names them. */
const CLIENT_REFUSED =
  /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|ACCESS_DENIED)$/;

/** How a request ended that got no answer. */
export interface NoAnswer {
  readonly maybeApplied: boolean;
  readonly tls: boolean;
  readonly message: string;
}

/**
 * Judges an error of the connection.
 *
 * @param error what undici threw
 * @returns whether the request may have been applied, whether TLS refused, and the words
 */
export function classifyConnectionError(error: unknown): NoAnswer {
  const code = readCode(error);
  const tls = TLS_ERROR.test(code);
  if (CLIENT_REFUSED.test(code)) {
    const message = `etcd refused the client certificate: it is missing, has run out or is of another authority (${code})`;
    return { maybeApplied: false, tls, message };
  }
  const text = error instanceof Error && error.message !== "" ? error.message : code;
  return {
    maybeApplied: !tls && !NEVER_SENT.has(code),
    tls,
    message: text.includes(code) ? text : `${code}: ${text}`,
  };
}

function readCode(error: unknown): string {
  if (typeof error !== "object" || error === null) return "unknown error";
  if ("code" in error && typeof error.code === "string") return error.code;
  // A host with several addresses fails with one error per address; the first one names the cause.
  if (error instanceof AggregateError && error.errors.length > 0) return readCode(error.errors[0]);
  return error instanceof Error ? error.name : "unknown error";
}
