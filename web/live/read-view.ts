import { FRAME_MAX_BYTES } from "@evenkeel/contracts/agent-protocol";
import { ConsoleFrame, type LiveView } from "@evenkeel/contracts/live";
import type { Failure } from "../api/request.ts";
import type { Trouble } from "./live-line.ts";

/** A control plane whose clock was set back must not freeze the screen, so only seconds count. */
const REORDER_MAX_MS = 10_000;

/**
 * Whether an answer to a poll is older than what is shown: a frame may have come while it was under way.
 *
 * @param polled the answer
 * @param shown what is on the screen
 */
export function isOlder(polled: LiveView, shown: LiveView | null): boolean {
  if (shown === null) return false;
  const lead = shown.atMs - polled.atMs;
  return lead > 0 && lead < REORDER_MAX_MS;
}

/**
 * Reads from a failed poll whether there is any hope of a picture.
 *
 * @param failure why the poll failed
 * @returns null if it may come back by itself
 */
export function readTrouble(failure: Failure): Trouble | null {
  if (failure.reason === "unreadable") return "unreadable";
  if (failure.reason === "no-answer") return null;
  if (failure.problem.status === 404) return "gone";
  return failure.problem.status === 403 ? "forbidden" : null;
}

/**
 * Reads a frame of the socket.
 *
 * @param data what came
 * @returns the picture; null for anything that is not a frame of the contract
 */
export function readFrame(data: unknown): LiveView | null {
  if (typeof data !== "string" || data.length > FRAME_MAX_BYTES) return null;
  try {
    const parsed = ConsoleFrame.safeParse(JSON.parse(data));
    return parsed.success ? parsed.data.view : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
