import { type Arg, textOf, word } from "./executed.ts";

/** Says of a command's arguments why they cannot be copied; null: they can. */
export type Objection = (args: readonly Arg[]) => string | null;

/** Refuses an option by name. */
export const without =
  (option: string, because: string): Objection =>
  (args) =>
    args.slice(1).some((arg) => word(arg) === option) ? `${option}: ${because}` : null;

/** `XADD`: an id that the server chooses. */
export const withGivenId: Objection = (args) => {
  let index = 1;
  if (word(args[index]) === "NOMKSTREAM") index += 1;
  if (/^(MAXLEN|MINID)$/.test(word(args[index]))) {
    index += /^[=~]$/.test(textOf(args[index + 1])) ? 3 : 2;
    if (word(args[index]) === "LIMIT") index += 2;
  }
  return /\*$/.test(textOf(args[index])) ? "the server chooses the id; give it" : null;
};
