import { AppError } from "@evenkeel/contracts/errors";

/** Errors that drizzle wraps are looked through so deep. */
const CAUSES_MAX = 5;

/**
 * Reads an error that came from D1.
 *
 * @param error what was thrown
 * @returns the code that callers get: a constraint is a refusal, everything else of D1's an outage; null: not D1's error
 */
export function readDatabaseError(error: unknown): AppError | null {
  const messages = listMessages(error);
  const text = messages.join("\n");
  const unique = /UNIQUE constraint failed: ([a-z_]+)\.([a-z_., ]+)/.exec(text);
  if (unique) {
    const table = unique[1] ?? "";
    return new AppError(
      "already-exists",
      `Another one in ${table} has this name already; choose another name`,
      {
        table,
      },
    );
  }
  if (text.includes("FOREIGN KEY constraint failed")) {
    return new AppError(
      "state-changed",
      "What this belongs to, or what belongs to it, changed meanwhile; look again",
    );
  }
  if (/D1_ERROR|Failed query|D1 DB|SQLITE_/.test(text)) {
    return new AppError(
      "catalogue-unavailable",
      "The catalogue (D1) does not work at present; switches still do",
    );
  }
  return null;
}

function listMessages(error: unknown): string[] {
  const messages: string[] = [];
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && current instanceof Error; depth += 1) {
    messages.push(current.message);
    current = current.cause;
  }
  return messages;
}
