import { type Arg, at, hasChanged, type Rewrite, textOf, word } from "./executed.ts";

const MS_PER_S = 1000;

/** `SETNX`, `GETSET`, `SETEX`, `PSETEX`: a plain `SET`, with the moment at which it expires. */
export const toSet: Rewrite = ({ command, args, reply, atMs }) => {
  const [key = "", second = ""] = args;
  if (command === "setnx") return hasChanged(reply) ? [["set", key, second]] : [];
  if (command === "getset") return [["set", key, second]];
  const unitMs = command === "setex" ? MS_PER_S : 1;
  return [["set", key, at(args, 2), "PXAT", String(atMs + Number(textOf(second)) * unitMs)]];
};

/** Units of expiries by the option or command that gives them; absolute ones count from 1970. */
const EXPIRIES: Readonly<Record<string, { readonly unitMs: number; readonly isAbsolute: boolean }>> = {
  EX: { unitMs: MS_PER_S, isAbsolute: false },
  PX: { unitMs: 1, isAbsolute: false },
  EXAT: { unitMs: MS_PER_S, isAbsolute: true },
  PXAT: { unitMs: 1, isAbsolute: true },
  EXPIRE: { unitMs: MS_PER_S, isAbsolute: false },
  PEXPIRE: { unitMs: 1, isAbsolute: false },
  EXPIREAT: { unitMs: MS_PER_S, isAbsolute: true },
  PEXPIREAT: { unitMs: 1, isAbsolute: true },
};

function expiryOf(unit: string, amount: Arg, atMs: number): string | null {
  const expiry = EXPIRIES[unit];
  if (expiry === undefined) return null;
  return String((expiry.isAbsolute ? 0 : atMs) + Number(textOf(amount)) * expiry.unitMs);
}

/** `SET` with options: whether it was done, and when it expires. */
export const toPlainSet: Rewrite = ({ args, reply, atMs }) => {
  const options = args.slice(2).map(word);
  const [key = "", value = ""] = args;
  // With GET the answer is the old value; whether the new one was set follows from there having been one.
  const hadValue = reply !== null;
  const isDone = !options.includes("GET")
    ? hadValue
    : options.includes("NX")
      ? !hadValue
      : !options.includes("XX") || hadValue;
  if (!isDone) return [];
  if (options.includes("KEEPTTL")) return [["set", key, value, "KEEPTTL"]];
  for (const [index, option] of options.entries()) {
    const expiry = expiryOf(option, at(args, index + 3), atMs);
    if (expiry !== null) return [["set", key, value, "PXAT", expiry]];
  }
  return [["set", key, value]];
};

/** `GETEX`: what it made of the expiry. */
export const toExpiry: Rewrite = ({ args, reply, atMs }) => {
  const [key = "", option, amount = ""] = args;
  if (reply === null || option === undefined) return [];
  const expiry = expiryOf(word(option), amount, atMs);
  return [expiry === null ? ["persist", key] : ["pexpireat", key, expiry]];
};

/** `EXPIRE` and its kin: the moment of expiry, if it was set. */
export const toExpireAt: Rewrite = ({ command, args, reply, atMs }) => {
  const expiry = expiryOf(command.toUpperCase(), at(args, 1), atMs);
  return hasChanged(reply) && expiry !== null ? [["pexpireat", at(args, 0), expiry]] : [];
};
