import { AppError } from "@evenkeel/contracts/errors";

/** Causes behind an error that are looked through. */
const CAUSES_MAX = 5;

/**
 * Reads why a call to the catalogue failed: a constraint is a refusal, everything else an outage. An outage is logged
 * with D1's own words only, because drizzle's message carries the values of the query, hashes of secrets among them.
 *
 * @param error what the call threw
 * @returns the error that callers get
 */
export function readDatabaseError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const causes = listCauses(error);
  const text = causes.join("\n");
  const unique = /UNIQUE constraint failed: ([a-z_]+)\./.exec(text);
  if (unique) {
    const table = unique[1]?.replaceAll("_", " ") ?? "";
    return new AppError("already-exists", `Another one of the ${table} has this name; choose another name`, {
      table,
    });
  }
  if (text.includes("FOREIGN KEY constraint failed")) {
    return new AppError(
      "state-changed",
      "What this belongs to, or what belongs to it, changed meanwhile; look again",
    );
  }
  console.error(`the catalogue failed: ${causes.at(-1) ?? "no reason given"}`);
  return new AppError(
    "catalogue-unavailable",
    "The catalogue (D1) does not work at present; switches still do",
  );
}

/** The messages of an error and of what caused it, the innermost last. */
function listCauses(error: unknown): string[] {
  const messages: string[] = [];
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && current instanceof Error; depth += 1) {
    messages.push(current.message);
    current = current.cause;
  }
  return messages;
}
