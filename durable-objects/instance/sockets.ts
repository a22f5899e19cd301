import { HelloFrame, Illness, StoreHealth } from "@evenkeel/contracts/agent-protocol";
import { z } from "zod";
import type { LiveSocket } from "./ports.ts";

/** Close reasons are cut to so many bytes (RFC 6455 §5.5 leaves 123). */
const REASON_MAX_BYTES = 120;
/** Words are cut to so many characters in an attachment, which holds 16 KiB in all. */
const ATTACHED_WORDS_MAX = 80;

/** What a socket carries through hibernation. */
export const Attachment = z.discriminatedUnion("role", [
  z.object({
    role: z.literal("agent"),
    id: z.string(),
    name: z.string(),
    site: z.string(),
    openedAtMs: z.number(),
    /** Null until the agent said hello. */
    hello: HelloFrame.nullable(),
    illness: Illness,
    stores: z.array(StoreHealth),
    /** True once a newer socket of the same agent took over: its end then means nothing. */
    replaced: z.boolean(),
  }),
  z.object({
    role: z.literal("console"),
    /** Hash of the secret that was shown: when it is revoked, the socket ends with it. */
    hash: z.string(),
  }),
]);
/** What a socket carries through hibernation. */
export type Attachment = z.infer<typeof Attachment>;
/** What an agent's socket carries through hibernation. */
export type AgentAttachment = Extract<Attachment, { role: "agent" }>;

/**
 * Reads what a socket carries.
 *
 * @param socket the socket
 * @returns null for a socket of an older version, which is of no use any more
 */
export function readAttachment(socket: LiveSocket): Attachment | null {
  const parsed = Attachment.safeParse(socket.deserializeAttachment());
  return parsed.success ? parsed.data : null;
}

/**
 * Makes a socket carry something through hibernation.
 *
 * @param socket the socket
 * @param attachment what it carries; long words are cut
 */
export function writeAttachment(socket: LiveSocket, attachment: Attachment): void {
  socket.serializeAttachment(attachment.role === "agent" ? cutWords(attachment) : attachment);
}

function cutWords(attachment: AgentAttachment): AgentAttachment {
  const cut = (words: string) => words.slice(0, ATTACHED_WORDS_MAX);
  const { illness, stores } = attachment;
  return {
    ...attachment,
    illness: illness === null ? null : { ...illness, words: cut(illness.words) },
    stores: stores.map((store) => ({ ...store, words: cut(store.words) })),
  };
}

/**
 * Sends a text; a socket that is just closing is no failure, its end is reported by the runtime.
 *
 * @param socket the socket
 * @param text what to send
 */
export function sendText(socket: LiveSocket, text: string): void {
  try {
    socket.send(text);
  } catch (error) {
    console.warn(`a socket could not be written to: ${String(error)}`);
  }
}

/**
 * Closes a socket, saying why.
 *
 * @param socket the socket
 * @param code close code of the agent protocol
 * @param reason the reason; cut to what a close frame can hold
 */
export function closeSocket(socket: LiveSocket, code: number, reason: string): void {
  try {
    socket.close(code, cutBytes(reason));
  } catch (error) {
    console.warn(`a socket could not be closed: ${String(error)}`);
  }
}

function cutBytes(text: string): string {
  const bytes = new TextEncoder().encode(text);
  // A character that is cut in the middle decodes to U+FFFD, which is dropped.
  return bytes.length <= REASON_MAX_BYTES
    ? text
    : new TextDecoder().decode(bytes.slice(0, REASON_MAX_BYTES)).replaceAll("\uFFFD", "");
}
