import { createError } from "./keep-connection.ts";
import { isRespError, parseReply, type RespReply } from "./resp.ts";
import type { Wire } from "./secure-line.ts";

/** Code of what is not the protocol. */
export const NOT_RESP = "NOT_RESP";

/**
 * Sends commands and waits for their replies.
 *
 * @param commands encoded commands
 * @param count how many they are
 * @returns as many replies; rejects with the server's code if the first one is an error, because a server that refuses
 *   us says only that and hangs up
 */
export type Exchange = (commands: string, count: number) => Promise<readonly RespReply[]>;

/**
 * Speaks Redis's protocol over the connection of a session. One exchange at a time. What arrives unasked, or is not the
 * protocol, ends the session.
 *
 * @param wire the session's connection
 * @returns what exchanges commands for replies
 */
export function createExchange({ stream, lose }: Wire): Exchange {
  let unread = "";
  let waiting: Waiting | null = null;

  stream.setEncoding("latin1");
  stream.on("data", (chunk) => {
    try {
      if (waiting === null) throw new Error("the server spoke unasked");
      unread = takeReplies(unread + String(chunk), waiting);
      const [first] = waiting.replies;
      if (isRespError(first)) {
        const { reject } = waiting;
        waiting = null;
        reject(createError(first.code, first.message));
      } else if (waiting.replies.length === waiting.count) {
        // What is left would be taken for the beginning of the next answer.
        if (unread !== "") throw new Error("the server said more than it was asked");
        const { resolve, replies } = waiting;
        waiting = null;
        resolve(replies);
      }
    } catch (error) {
      lose(createError(NOT_RESP, error instanceof Error ? error.message : String(error)));
    }
  });

  return (commands, count) =>
    new Promise((resolve, reject) => {
      waiting = { count, replies: [], resolve, reject };
      stream.write(commands);
    });
}

interface Waiting {
  readonly count: number;
  readonly replies: RespReply[];
  readonly resolve: (replies: readonly RespReply[]) => void;
  readonly reject: (error: Error) => void;
}

/** Moves complete replies from the front of a text to those that are waited for; returns the rest of the text. */
function takeReplies(text: string, { count, replies }: Waiting): string {
  let end = 0;
  while (replies.length < count) {
    const parsed = parseReply(text, end);
    if (parsed === null) break;
    replies.push(parsed.reply);
    end = parsed.end;
  }
  return text.slice(end);
}
