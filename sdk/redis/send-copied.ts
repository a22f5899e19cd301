import { Command } from "ioredis";
import { NotCopyableError } from "../double-write/copy-errors.ts";
import type { DoubleWriter } from "../double-write/double-writer.ts";
import type { Arg } from "../double-write/executed.ts";
import { judgeCommand, rewriteCommands } from "../double-write/judge-command.ts";
import { isReady, isReplyError, type RedisSide } from "./redis-side.ts";

/**
 * Keeps the answer of a command as the server gave it, before ioredis makes texts of bytes.
 *
 * @param command not sent yet
 * @returns a function that gives the answer
 */
export function keepReply(command: Command): () => unknown {
  const transform = command.transformReply;
  let reply: unknown = null;
  command.transformReply = (raw) => {
    reply = raw;
    return transform.call(command, raw);
  };
  return () => reply;
}

/** @returns the arguments as they go over the wire; ioredis has made texts or buffers of all */
export function argsOf(command: Command): readonly Arg[] {
  return command.args as Arg[];
}

/** @returns the size of a command's arguments */
export function bytesOf(command: Command): number {
  let bytes = command.name.length;
  for (const arg of argsOf(command)) bytes += Buffer.byteLength(arg);
  return bytes;
}

/**
 * Sends a command to the active side and queues its copy when it is answered. Answers of one connection come in the order
 * in which the server executed the commands, and so the copies are queued.
 *
 * @param writer queues the copies
 * @param side the active one, writable and connected
 * @param name of the method that was called
 * @param command in lower case
 * @param args of the call, without a callback
 * @returns the answer, once the copy is as safe as the settings say
 */
export function sendCopied(
  writer: DoubleWriter,
  { redis }: RedisSide,
  name: string,
  command: string,
  args: readonly unknown[],
): Promise<unknown> {
  const sent = new Command(command, [...(args as Arg[])], {
    replyEncoding: name.endsWith("Buffer") ? null : "utf8",
    ...(redis.options.keyPrefix === undefined ? {} : { keyPrefix: redis.options.keyPrefix }),
  });
  const judgement = judgeCommand(command, argsOf(sent));
  if (judgement.do === "refuse") return Promise.reject(new NotCopyableError(command, judgement.because));
  if (judgement.do === "pass") return redis.sendCommand(sent) as Promise<unknown>;
  const ticket = writer.admit(bytesOf(sent));
  if (ticket instanceof Error) return Promise.reject(ticket);
  const replyOf = keepReply(sent);
  const isSent = isReady(redis);
  const { row } = judgement;
  return (redis.sendCommand(sent) as Promise<unknown>).then(
    (answer) => {
      const executed = { command, args: argsOf(sent), reply: replyOf(), atMs: Date.now(), row };
      const written = writer.commit(ticket, rewriteCommands([executed]), true);
      return written === null ? answer : written.then(() => answer);
    },
    (error: unknown) => {
      void writer.commit(ticket, null, !isSent || isReplyError(error));
      throw error;
    },
  );
}
