import {
  AgentFrame,
  CLOSE_MALFORMED,
  CLOSE_PROTOCOL,
  FRAME_MAX_BYTES,
  PROTOCOL_VERSION,
} from "@evenkeel/contracts/agent-protocol";
import { z } from "zod";

/** A frame, or with which code and reason its socket is closed. */
export type FrameReading =
  | { readonly ok: true; readonly frame: AgentFrame }
  | { readonly ok: false; readonly code: number; readonly reason: string };

/** The part of `hello` that all versions of the protocol have. */
const AnyHello = z.object({ type: z.literal("hello"), protocol: z.number() });

/**
 * Reads a frame of an agent.
 *
 * @param message what the socket brought
 * @returns the frame; else a reason that names what is wrong, never what was sent
 */
export function readAgentFrame(message: string | ArrayBuffer): FrameReading {
  if (typeof message !== "string") return malformed("a binary frame; frames are JSON text");
  if (message.length > FRAME_MAX_BYTES) return malformed(`a frame of over ${FRAME_MAX_BYTES} bytes`);
  const value = parseJson(message);
  if (value === undefined) return malformed("a frame that is not JSON");
  const hello = AnyHello.safeParse(value);
  if (hello.success && hello.data.protocol !== PROTOCOL_VERSION) {
    const reason = `protocol ${hello.data.protocol} is not supported; this control plane speaks ${PROTOCOL_VERSION}`;
    return { ok: false, code: CLOSE_PROTOCOL, reason };
  }
  const parsed = AgentFrame.safeParse(value);
  if (parsed.success) return { ok: true, frame: parsed.data };
  const issue = parsed.error.issues[0];
  return malformed(`frame: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`);
}

function malformed(reason: string): FrameReading {
  return { ok: false, code: CLOSE_MALFORMED, reason };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The engine's message quotes the text, so it is not passed on: `undefined` says all that may be said.
    return undefined;
  }
}
