import { AppError, renderProblem } from "@evenkeel/contracts/errors";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { AppEnv } from "./app-env.ts";

/**
 * Turns whatever a handler threw into problem details (RFC 9457). The cause of an internal error is logged, never sent.
 *
 * @param error what was thrown
 * @param context the request
 * @returns the response
 */
export function answerProblem(error: unknown, context: Context<AppEnv>): Response {
  const known = toAppError(error);
  if (known.code === "internal") {
    console.error(`request ${context.get("requestId")} failed: ${describe(error)}`);
  }
  const problem = renderProblem(known);
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      "x-request-id": context.get("requestId") ?? "",
    },
  });
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof HTTPException) {
    // Hono throws these for bodies that are not JSON; its message is fixed and does not carry the body.
    return new AppError("invalid-input", "The body is not valid JSON");
  }
  return new AppError(
    "internal",
    "The control plane failed on this request; its log has the cause under the request id",
  );
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
