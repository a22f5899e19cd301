/**
 * Renders an error for the log of the object.
 *
 * @param error what was thrown
 */
export function renderError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
