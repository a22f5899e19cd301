import { unwrapError } from "./unwrap-error.ts";

/** What went wrong, for programs. Stable: match on it, never on the message. */
export type SdkErrorCode =
  | "EVENKEEL_SWITCHED" // the route changed while the call was under way
  | "EVENKEEL_NO_ROUTE" // no store, no snapshot: nobody said which data centre is active
  | "EVENKEEL_NOT_WRITABLE" // the active data centre takes no writes now
  | "EVENKEEL_NOT_READABLE" // a server for reads does not answer
  | "EVENKEEL_OVERLOADED" // more calls wait than may
  | "EVENKEEL_SEVERAL_NODES" // several nodes of a Redis cluster would have to do it
  | "EVENKEEL_NOT_COPYABLE" // writes are doubled, and this command's effect cannot be copied
  | "EVENKEEL_COPIES_FULL" // too much waits for being copied already, and such writes are to be refused
  | "EVENKEEL_CONFIG" // the configuration is not valid
  | "EVENKEEL_CLOSED"; // the data source was closed by its owner

/** An error of the SDK. `retryable`: the same call may succeed if it is made again. */
export class SdkError extends Error {
  readonly code: SdkErrorCode;
  readonly retryable: boolean;

  constructor(code: SdkErrorCode, retryable: boolean, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SdkError";
    this.code = code;
    this.retryable = retryable;
  }
}

/**
 * The route changed while the call was under way, and its connection was given up. A write may have been applied on the
 * old side: repeat it only if that does no harm. A transaction is to be started again from its beginning.
 */
export class SwitchedError extends SdkError {
  readonly from: string;
  readonly to: string;
  readonly epoch: number;

  constructor(from: string, to: string, epoch: number) {
    // Its stack would show how a route arrives, never who called, and taking it delays all who are to be rejected:
    // Node renders it when a socket is destroyed, and source maps make that slow.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(
      "EVENKEEL_SWITCHED",
      true,
      `switched from ${from} to ${to} (epoch ${epoch}) while the call was under way`,
    );
    Error.stackTraceLimit = stackTraceLimit;
    this.name = "SwitchedError";
    this.from = from;
    this.to = to;
    this.epoch = epoch;
  }
}

/** No route is known, so the call went nowhere: guessing the home could write to the wrong side. */
export class NoRouteError extends SdkError {
  constructor(message: string) {
    super("EVENKEEL_NO_ROUTE", true, message);
    this.name = "NoRouteError";
  }
}

/** The active data centre takes no writes at present; the call was refused or its server refused it. */
export class NotWritableError extends SdkError {
  constructor(message: string, options?: ErrorOptions) {
    super("EVENKEEL_NOT_WRITABLE", true, message, options);
    this.name = "NotWritableError";
  }
}

/** A server for reads does not answer; such a read is sent to the active side, and only that one's error is seen. */
export class NotReadableError extends SdkError {
  constructor(message: string) {
    super("EVENKEEL_NOT_READABLE", true, message);
    this.name = "NotReadableError";
  }
}

/** More calls wait than may: the database is hung or too slow for what is asked of it, or a switch takes long. */
export class OverloadedError extends SdkError {
  constructor(message: string) {
    super("EVENKEEL_OVERLOADED", true, message);
    this.name = "OverloadedError";
  }
}

/** Several nodes of a Redis cluster would have to do what was called, and it is done by one or not at all. */
export class SeveralNodesError extends SdkError {
  constructor(message: string, options?: ErrorOptions) {
    super("EVENKEEL_SEVERAL_NODES", false, message, options);
    this.name = "SeveralNodesError";
  }
}

/** The configuration is not valid; the message lists every problem with its path, and no secret. */
export class ConfigError extends SdkError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super("EVENKEEL_CONFIG", false, `the SDK configuration is not valid: ${problems.join("; ")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** The data source was closed by its owner. */
export class ClosedError extends SdkError {
  constructor() {
    super("EVENKEEL_CLOSED", false, "the data source was closed");
    this.name = "ClosedError";
  }
}

/** Of each code, whether the same call may succeed if it is made again. */
export const RETRYABLE: Readonly<Record<SdkErrorCode, boolean>> = {
  EVENKEEL_SWITCHED: true,
  EVENKEEL_NO_ROUTE: true,
  EVENKEEL_NOT_WRITABLE: true,
  EVENKEEL_NOT_READABLE: true,
  ...{ EVENKEEL_OVERLOADED: true, EVENKEEL_SEVERAL_NODES: false },
  ...{ EVENKEEL_NOT_COPYABLE: false, EVENKEEL_COPIES_FULL: true },
  EVENKEEL_CONFIG: false,
  EVENKEEL_CLOSED: false,
};

/**
 * Finds the SDK's code in what a call through an ORM was rejected with. Most wrap the SDK's error; prisma copies the code
 * into an error of its own.
 *
 * @param error what was caught
 * @returns the code of an SDK error, or null if it was none
 */
export function findSdkErrorCode(error: unknown): SdkErrorCode | null {
  const codes: unknown[] = unwrapError(error).map((each) => Reflect.get(each, "code"));
  return codes.find(isSdkErrorCode) ?? null;
}

function isSdkErrorCode(code: unknown): code is SdkErrorCode {
  return typeof code === "string" && Object.hasOwn(RETRYABLE, code);
}
