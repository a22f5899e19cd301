import type { ChainableCommander, Command } from "ioredis";
import type { CommandRow } from "../double-write/command-table.ts";
import { NotCopyableError } from "../double-write/copy-errors.ts";
import type { DoubleWriter } from "../double-write/double-writer.ts";
import type { Executed } from "../double-write/executed.ts";
import { judgeCommand, rewriteCommands } from "../double-write/judge-command.ts";
import type { SdkError } from "../errors.ts";
import { isReplyError } from "./redis-side.ts";
import { argsOf, bytesOf, keepReply } from "./send-copied.ts";

interface Recorded {
  readonly command: Command;
  readonly replyOf: () => unknown;
}

/** What ioredis answers to a chain; null: a transaction that was given up because of a watched key. */
type Results = readonly (readonly [error: Error | null, answer: unknown])[] | null;

/** Commands that a pipeline or transaction has taken in. */
export interface ChainRecord {
  /**
   * Sends the chain and queues what it resulted in as one copy.
   *
   * @param exec sends it
   * @returns the answers, once the copy is as safe as the settings say; an error where it must not be sent
   */
  send(exec: () => Promise<Results>): Promise<Results> | SdkError;
}

/**
 * Watches what a pipeline or transaction takes in.
 *
 * @param writer queues the copies
 * @param chain an empty chain
 * @param kind how it was begun
 */
export function recordChain(
  writer: DoubleWriter,
  chain: ChainableCommander,
  kind: "pipeline" | "multi",
): ChainRecord {
  const recorded: Recorded[] = [];
  let refusal: SdkError | null = null;
  const take = Reflect.get(chain, "sendCommand") as (command: Command) => unknown;
  Reflect.set(chain, "sendCommand", (command: Command) => {
    if (command.name === "multi" && kind === "pipeline")
      refusal = new NotCopyableError("multi", "begin a transaction with multi(), not within a pipeline");
    else if (command.name !== "exec") recorded.push({ command, replyOf: keepReply(command) });
    return take.call(chain, command);
  });
  return {
    send(exec) {
      const judged = judgeAll(recorded);
      if (refusal !== null || judged instanceof NotCopyableError) return refusal ?? (judged as SdkError);
      if (judged.every((row) => row === null)) return exec();
      let bytes = 0;
      for (const { command } of recorded) bytes += bytesOf(command);
      const ticket = writer.admit(bytes);
      if (ticket instanceof Error) return ticket;
      return exec().then(
        (results) => {
          const { executed, isCertain } = listExecuted(recorded, judged, results);
          const written = writer.commit(ticket, rewriteCommands(executed), isCertain);
          return written === null ? results : written.then(() => results);
        },
        (error: unknown) => {
          void writer.commit(ticket, null, isReplyError(error));
          throw error;
        },
      );
    },
  };
}

/** @returns for each command the row by which it is copied, null for one that is not; or why the chain must not be sent */
function judgeAll(recorded: readonly Recorded[]): readonly (CommandRow | null)[] | NotCopyableError {
  const rows: (CommandRow | null)[] = [];
  for (const { command } of recorded) {
    const name = command.name.toLowerCase();
    const judgement = judgeCommand(name, argsOf(command));
    if (judgement.do === "refuse") return new NotCopyableError(name, judgement.because);
    rows.push(judgement.do === "copy" ? judgement.row : null);
  }
  return rows;
}

function listExecuted(
  recorded: readonly Recorded[],
  rows: readonly (CommandRow | null)[],
  results: Results,
): { executed: (Executed & { row: CommandRow })[]; isCertain: boolean } {
  const atMs = Date.now();
  let isCertain = true;
  const executed = recorded.flatMap(({ command, replyOf }, index) => {
    const row = rows[index] ?? null;
    const error = results === null ? null : (results[index]?.[0] ?? null);
    if (row === null || results === null) return [];
    if (error !== null) {
      isCertain &&= isReplyError(error);
      return [];
    }
    return [{ command: command.name.toLowerCase(), args: argsOf(command), reply: replyOf(), atMs, row }];
  });
  return { executed, isCertain };
}
