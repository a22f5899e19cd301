/**
 * The Redis serialisation protocol, version 2, as far as a probe needs it
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/).
 */

/** One reply; an error reply is a value here, because the server answered. */
export type RespReply = string | number | null | RespError | readonly RespReply[];

/** An error reply: its first word is the code (`WRONGPASS`, `LOADING`, …). */
export interface RespError {
  readonly code: string;
  readonly message: string;
}

/** Largest reply that is read, in bytes: a section of `INFO` has about a thousand, a cluster of 1000 nodes a few hundred thousand. */
export const REPLY_MAX_BYTES = 256 * 1024;
/** Longest line of a reply, in bytes: error replies are the longest. */
const LINE_MAX_BYTES = 4096;
/** Most elements of an array; ROLE lists a master's replicas. */
const ELEMENTS_MAX = 1000;
/** Deepest nesting of arrays that is read. */
const DEPTH_MAX = 4;

/**
 * Encodes commands as arrays of bulk strings, to be sent in one piece.
 *
 * @param commands each one a command and its arguments
 * @returns the text to send in UTF-8
 */
export function encodeCommands(commands: readonly (readonly string[])[]): string {
  const encoder = new TextEncoder();
  const encode = (word: string) => `$${encoder.encode(word).length}\r\n${word}\r\n`;
  return commands.map((words) => `*${words.length}\r\n${words.map(encode).join("")}`).join("");
}

/** A reply read from the front of what arrived, and where it ends; null: it is not complete yet. */
export type ParsedReply = { readonly reply: RespReply; readonly end: number } | null;

/**
 * Reads one reply.
 *
 * @param text what arrived so far, one character per byte (latin1)
 * @param from where to begin
 * @param depth arrays around it
 * @returns the reply, or null if more has to arrive
 * @throws Error if this is not the protocol, or more than a probe reads
 */
export function parseReply(text: string, from = 0, depth = 0): ParsedReply {
  if (text.length - from > REPLY_MAX_BYTES || depth > DEPTH_MAX) throw new Error("the answer is too large");
  if (from >= text.length) return null;
  const type = text.charAt(from);
  if (!"+-:$*".includes(type)) throw new Error("the answer is not in Redis's protocol");
  const lineEnd = text.indexOf("\r\n", from);
  if (lineEnd < 0) {
    if (text.length - from > LINE_MAX_BYTES) throw new Error("the answer is too large");
    return null;
  }
  const line = text.slice(from + 1, lineEnd);
  const end = lineEnd + 2;
  switch (type) {
    case "+":
      return { reply: line, end };
    case "-":
      return { reply: { code: line.split(" ", 1)[0] ?? "", message: line }, end };
    case ":":
      return { reply: readInteger(line), end };
    case "$":
      return parseBulk(text, readInteger(line), end);
    default:
      return parseArray(text, readInteger(line), end, depth);
  }
}

function readInteger(line: string): number {
  if (!/^[+-]?\d{1,15}$/.test(line)) throw new Error("the answer is not in Redis's protocol");
  return Number(line);
}

function parseBulk(text: string, length: number, from: number): ParsedReply {
  if (length < 0) return { reply: null, end: from };
  if (length > REPLY_MAX_BYTES) throw new Error("the answer is too large");
  const end = from + length + 2;
  return text.length < end ? null : { reply: text.slice(from, from + length), end };
}

function parseArray(text: string, length: number, from: number, depth: number): ParsedReply {
  if (length < 0) return { reply: null, end: from };
  if (length > ELEMENTS_MAX) throw new Error("the answer is too large");
  const replies: RespReply[] = [];
  let end = from;
  while (replies.length < length) {
    const parsed = parseReply(text, end, depth + 1);
    if (parsed === null) return null;
    replies.push(parsed.reply);
    end = parsed.end;
  }
  return { reply: replies, end };
}

/**
 * Tells an error reply from the others.
 *
 * @param reply a reply
 */
export function isRespError(reply: RespReply | undefined): reply is RespError {
  return typeof reply === "object" && reply !== null && !Array.isArray(reply);
}
