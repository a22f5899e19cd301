/** One argument of a command, as it goes over the wire. */
export type Arg = string | Buffer;

/** A command that is sent to a copy. */
export type CopyCommand = readonly [name: string, ...args: Arg[]];

/** A command that the active data centre has executed. */
export interface Executed {
  /** In lower case. */
  readonly command: string;
  readonly args: readonly Arg[];
  /** What the server answered, texts as buffers: `null`, number, buffer, or an array of these. */
  readonly reply: unknown;
  /** Wall clock of this host, ms since 1970: relative expiries are counted from it. */
  readonly atMs: number;
}

/** Makes of a command what it resulted in; an empty list: nothing changed. */
export type Rewrite = (executed: Executed) => readonly CopyCommand[];

/** @returns the text of an argument or reply; what is no text is empty */
export function textOf(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString();
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** @returns a reply, or a part of it, as an argument */
export function argOf(value: unknown): Arg {
  return Buffer.isBuffer(value) ? value : textOf(value);
}

/** @returns an option in upper case */
export function word(arg: Arg | undefined): string {
  return textOf(arg).toUpperCase();
}

/** @returns an argument; empty where there is none */
export function at(args: readonly Arg[], index: number): Arg {
  return args[index] ?? "";
}

/** @returns whether a number that counts changes is above 0 */
export function hasChanged(reply: unknown): boolean {
  return Number(textOf(reply)) > 0;
}

/** @returns members out of a reply: `[m, m]`, `[m, score, m, score]` (RESP2) or `[[m, score], [m, score]]` (RESP3). */
export function membersOf(reply: unknown, hasScores: boolean): Arg[] {
  if (reply === null || reply === undefined) return [];
  const list = Array.isArray(reply) ? reply : [reply];
  if (list.some(Array.isArray)) return list.map((pair: unknown[]) => argOf(pair[0]));
  return list.filter((_, index) => !hasScores || index % 2 === 0).map(argOf);
}
