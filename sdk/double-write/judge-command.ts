import { COMMAND_TABLE, type CommandRow } from "./command-table.ts";
import type { Arg, CopyCommand, Executed } from "./executed.ts";

const ROWS: ReadonlyMap<string, CommandRow> = new Map(
  COMMAND_TABLE.flatMap((row) => row.commands.split(/\s+/).map((command) => [command, row] as const)),
);

/** Commands that change nothing. One that is not listed counts as a write, so that a new one is refused, not let through. */
export const READ_COMMANDS: ReadonlySet<string> = new Set(
  [...ROWS].flatMap(([command, row]) => (row.class === "read" ? [command] : [])),
);

/** What is to be done with a command before it is sent. */
export type CommandJudgement =
  /** Send it and copy nothing. */
  | { readonly do: "pass" }
  /** Send it, and copy what it resulted in. */
  | { readonly do: "copy"; readonly row: CommandRow }
  /** Do not send it. */
  | { readonly do: "refuse"; readonly because: string };

/**
 * Judges a command before it is sent.
 *
 * @param command in lower case
 * @param args its arguments
 */
export function judgeCommand(command: string, args: readonly Arg[]): CommandJudgement {
  const row = ROWS.get(command);
  if (row === undefined) return { do: "refuse", because: "it is not known what it does" };
  if (row.class === "refused") return { do: "refuse", because: row.because };
  const because = row.refuses?.(args) ?? null;
  if (because !== null) return { do: "refuse", because };
  return row.rewrite === undefined ? { do: "pass" } : { do: "copy", row };
}

/** What is sent to a copy as a whole. */
export interface Copy {
  readonly commands: readonly CopyCommand[];
  readonly isRepeatable: boolean;
}

/**
 * Makes the copy of commands that belong together.
 *
 * @param executed the commands with their answers, each with the row that it was judged by, in their order
 * @returns the copy; null: they have changed nothing
 */
export function rewriteCommands(executed: readonly (Executed & { readonly row: CommandRow })[]): Copy | null {
  const rewritten = executed.map((each) => ({ row: each.row, commands: each.row.rewrite?.(each) ?? [] }));
  const changed = rewritten.filter(({ commands }) => commands.length > 0);
  if (changed.length === 0) return null;
  return {
    commands: changed.flatMap(({ commands }) => commands),
    isRepeatable: changed.every(({ row }) => row.isRepeatable !== false),
  };
}
