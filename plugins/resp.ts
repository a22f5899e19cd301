/**
 * The Redis serialisation protocol, version 2, as far as a probe needs it (https://redis.io/docs/latest/develop/reference/protocol-spec/).
 */

/** One reply; an error reply is a value here, because the server answered. */
export type RespReply = string | number | null | RespError | readonly RespReply[];

/** An error reply: its first word is the code (`WRONGPASS`, `LOADING`, …). */
export interface RespError {
  readonly code: string;
  readonly message: string;
}

/** Largest reply that is read, in bytes: `INFO replication` has about a thousand. */
export const REPLY_MAX_BYTES = 64 * 1024;
/** Deepest nesting of arrays that is read. */
const DEPTH_MAX = 4;

/**
 * Encodes a command as an array of bulk strings.
 *
 * @param words the command and its arguments
 */
export function encodeCommand(words: readonly string[]): string {
  const encoder = new TextEncoder();
  const parts = words.map((word) => `$${encoder.encode(word).length}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join("")}`;
}

/** A reply read from the front of what arrived, and where it ends; null: it is not complete yet. */
export type ParsedReply = { readonly reply: RespReply; readonly end: number } | null;

/**
 * Reads one reply.
 *
 * @param text what arrived so far, one character per byte (latin1)
 * @param from where to begin
 * @returns the reply, or null if more has to arrive
 * @throws Error if this is not the protocol
 */
export function parseReply(text: string, from = 0, depth = 0): ParsedReply {
  const lineEnd = text.indexOf("\r\n", from);
  if (text.length - from > REPLY_MAX_BYTES || depth > DEPTH_MAX) throw new Error("the reply is too large");
  if (lineEnd < 0) {
    if (from < text.length && !"+-:$*".includes(text.charAt(from)))
      throw new Error("the answer is not Redis's");
    return null;
  }
  const line = text.slice(from + 1, lineEnd);
  const end = lineEnd + 2;
  switch (text.charAt(from)) {
    case "+":
      return { reply: line, end };
    case "-":
      return { reply: { code: line.split(" ")[0] ?? "ERR", message: line }, end };
    case ":":
      return { reply: readLength(line), end };
    case "$":
      return parseBulk(text, readLength(line), end);
    case "*":
      return parseArray(text, readLength(line), end, depth);
    default:
      throw new Error("the answer is not Redis's");
  }
}

function readLength(line: string): number {
  if (!/^-?\d{1,15}$/.test(line)) throw new Error("the answer is not Redis's");
  return Number(line);
}

function parseBulk(text: string, length: number, from: number): ParsedReply {
  if (length < 0) return { reply: null, end: from };
  if (length > REPLY_MAX_BYTES) throw new Error("the reply is too large");
  const end = from + length + 2;
  return text.length < end ? null : { reply: text.slice(from, from + length), end };
}

function parseArray(text: string, length: number, from: number, depth: number): ParsedReply {
  const replies: RespReply[] = [];
  let end = from;
  for (let index = 0; index < Math.min(length, REPLY_MAX_BYTES); index += 1) {
    const parsed = parseReply(text, end, depth + 1);
    if (parsed === null) return null;
    replies.push(parsed.reply);
    end = parsed.end;
  }
  return { reply: length < 0 ? null : replies, end };
}

/** Tells an error reply from the others. */
export function isRespError(reply: RespReply | undefined): reply is RespError {
  return typeof reply === "object" && reply !== null && !Array.isArray(reply);
}
