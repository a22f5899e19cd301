/**
 * The code that Node gives a failed system call (`ENOENT`, `EADDRINUSE`, …).
 * @returns the code, or an empty string when the value carries none
 */
export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}
