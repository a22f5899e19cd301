import type { ProbeError } from "@evenkeel/contracts/plugin";

/** Most characters of a driver's words that are kept. */
const MESSAGE_MAX = 300;

/**
 * Reduces whatever a driver threw to what may be judged and shown: its code, and the first line of its words without
 * credentials. Engine codes (SQLSTATE, errno) win over the system's, because they say more.
 *
 * @param error what was thrown
 * @returns code and message; never throws
 */
export function describeError(error: unknown): ProbeError {
  const code = findCode(error, 0);
  const text = error instanceof Error ? error.message || error.name : String(error);
  const firstLine = text.split("\n")[0] ?? "";
  return { code, message: withoutCredentials(firstLine).slice(0, MESSAGE_MAX) };
}

/** How deep causes are followed. */
const CAUSES_MAX = 4;

function findCode(error: unknown, depth: number): string | undefined {
  if (typeof error !== "object" || error === null || depth > CAUSES_MAX) return undefined;
  const fields = error as { code?: unknown; errno?: unknown; cause?: unknown; errors?: unknown };
  // mysql2 names errors (ER_ACCESS_DENIED_ERROR) and numbers them; the number is what its manual lists.
  if (typeof fields.errno === "number" && fields.errno > 0) return String(fields.errno);
  if (typeof fields.code === "string" && fields.code !== "") return fields.code;
  if (Array.isArray(fields.errors)) return findCode(fields.errors[0], depth + 1);
  return findCode(fields.cause, depth + 1);
}

/** Removes `user:password@` of a URL and the value of anything that is called a password. */
function withoutCredentials(text: string): string {
  return text
    .replace(/\/\/[^/@\s]*@/g, "//")
    .replace(/(password|passwd|pwd|secret|token)(\s*[=:]\s*)\S+/gi, "$1$2…");
}
