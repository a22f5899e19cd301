/** Who has to act on an error: the caller (`user`) or the operator of the system (`system`). */
export type Fault = "user" | "system";

/** What an error code means to a caller of the HTTP API. */
export interface ErrorMeaning {
  /** HTTP status. */
  readonly status: number;
  /** True if the same request may succeed later without being changed. */
  readonly retryable: boolean;
  readonly fault: Fault;
  /** Short title for people (RFC 9457 `title`). */
  readonly title: string;
}

/**
 * The closed table of error codes. A code is stable: clients and tests match on it, never on the text.
 * Problem details (RFC 9457) carry it as `code`; `type` is `urn:evenkeel:error:<code>`.
 */
export const ERRORS = {
  "invalid-input": { status: 400, retryable: false, fault: "user", title: "The request is not valid" },
  unauthenticated: { status: 401, retryable: false, fault: "user", title: "Not signed in" },
  forbidden: { status: 403, retryable: false, fault: "user", title: "Not allowed" },
  "not-found": { status: 404, retryable: false, fault: "user", title: "Not found" },
  "method-not-allowed": { status: 405, retryable: false, fault: "user", title: "Method not allowed" },
  "already-exists": { status: 409, retryable: false, fault: "user", title: "It exists already" },
  "in-use": { status: 409, retryable: false, fault: "user", title: "It is still in use" },
  "state-changed": {
    status: 409,
    retryable: false,
    fault: "user",
    title: "The state has changed since you looked",
  },
  "switch-in-progress": { status: 409, retryable: true, fault: "user", title: "Another switch is running" },
  "switch-blocked": { status: 409, retryable: false, fault: "user", title: "The switch is blocked" },
  "not-switchable": {
    status: 409,
    retryable: false,
    fault: "user",
    title: "This monitor cannot be switched",
  },
  "already-set-up": { status: 409, retryable: false, fault: "user", title: "The owner exists already" },
  "token-invalid": { status: 401, retryable: false, fault: "user", title: "The token is not valid" },
  "token-used": { status: 409, retryable: false, fault: "user", title: "The token has been used" },
  "token-expired": { status: 410, retryable: false, fault: "user", title: "The token has expired" },
  "quota-exceeded": { status: 422, retryable: false, fault: "user", title: "A quota is used up" },
  "payload-too-large": { status: 413, retryable: false, fault: "user", title: "The request is too large" },
  "too-many-requests": { status: 429, retryable: true, fault: "user", title: "Too many attempts" },
  "no-agent": { status: 409, retryable: true, fault: "system", title: "No agent can do this now" },
  "protocol-mismatch": {
    status: 426,
    retryable: false,
    fault: "user",
    title: "The protocol version is not supported",
  },
  "catalogue-unavailable": {
    status: 503,
    retryable: true,
    fault: "system",
    title: "The catalogue is unavailable",
  },
  internal: { status: 500, retryable: false, fault: "system", title: "Internal error" },
} as const satisfies Record<string, ErrorMeaning>;

/** A code of the closed table. */
export type ErrorCode = keyof typeof ERRORS;

/**
 * An error with a code of the table, thrown at a boundary and turned into problem details by one handler.
 * `message` says what was wrong, with which value (never a secret), and what to do.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  /** Machine-readable particulars: names of dependents, blockers, field paths. Never secrets. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, details?: Readonly<Record<string, unknown>>) {
    super(message);
    this.name = "AppError";
    this.code = code;
    this.details = details;
  }
}

/** RFC 9457 problem details as this API sends them. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * Renders an error of the table as problem details.
 *
 * @param error the error
 * @returns the body to send; its `status` is the HTTP status
 */
export function renderProblem(error: AppError): Problem {
  const meaning = ERRORS[error.code];
  return {
    type: `urn:evenkeel:error:${error.code}`,
    title: meaning.title,
    status: meaning.status,
    detail: error.message,
    code: error.code,
    retryable: meaning.retryable,
    ...(error.details === undefined ? {} : { details: error.details }),
  };
}
