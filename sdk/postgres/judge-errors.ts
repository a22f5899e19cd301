import { isNetworkError } from "../switching/acquire.ts";

/** SQLSTATE `read_only_sql_transaction`. */
const READ_ONLY_TRANSACTION = "25006";

/** Classes and codes of SQLSTATE with which a server says that it is coming or going: 57P01 to 57P03. */
const COMING_OR_GOING = /^57P0[123]$/;
/** pg's own connection errors carry no code; knex puts the statement before them. */
const PG_CONNECT_MESSAGE =
  /(^| - )(timeout exceeded|timeout expired|Connection terminated|Client has encountered a connection error)/;
/** What prisma makes of such errors: a code of its own, and the kind of the error that it puts away. */
const OF_PRISMA: ReadonlySet<string> = new Set(
  "P1001 P1008 P1017 DatabaseNotReachable SocketTimeout ConnectionClosed".split(" "),
);

/** @returns true if a server refused a write because it, or the session, only reads */
export function isReadOnlyAnswer(error: Error): boolean {
  return "code" in error && error.code === READ_ONLY_TRANSACTION;
}

/** @returns true if the server could not be reached, or is coming or going */
export function isAway(error: Error): boolean {
  if (isNetworkError(error) || PG_CONNECT_MESSAGE.test(error.message)) return true;
  return listWords(error).some(
    (word) => typeof word === "string" && (COMING_OR_GOING.test(word) || OF_PRISMA.has(word)),
  );
}

/** An error's code; prisma's adapter keeps the kind of an error and the server's code in an object below its own. */
function listWords(error: Error): unknown[] {
  const { cause } = error;
  const kept = typeof cause === "object" && cause !== null && !(cause instanceof Error) ? cause : {};
  return [error, kept].flatMap((holder) =>
    ["code", "kind", "originalCode"].map((name): unknown => Reflect.get(holder, name)),
  );
}
