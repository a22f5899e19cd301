import { ERRORS, type ErrorCode } from "@evenkeel/contracts/errors";
import { Because } from "@evenkeel/contracts/event";
import { z } from "zod";

const CODES = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];

/** Problem details (RFC 9457) as the API sends them; a code of a newer control plane is taken as `internal`. */
export const Problem = z.object({
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.enum(CODES).catch("internal"),
  retryable: z.boolean(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type Problem = z.infer<typeof Problem>;

const Refusal = z.object({ because: Because, epoch: z.number().int().nullable() });

/**
 * Finds the control plane's explanation in a refused command.
 *
 * @param problem the refusal
 * @returns the sentence and the present epoch; null for a problem that is not a refused command
 */
export function readRefusal(problem: Problem): z.infer<typeof Refusal> | null {
  const parsed = Refusal.safeParse(problem.details);
  return parsed.success ? parsed.data : null;
}
