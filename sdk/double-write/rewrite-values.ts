import { argOf, at, hasChanged, type Rewrite, textOf } from "./executed.ts";

/** The command itself: repeating it in its place leads to the same state. */
export const asIs: Rewrite = ({ command, args }) => [[command, ...args]];

/** The command itself, if the answer says that it did something. */
export const ifDone: Rewrite = (executed) => (hasChanged(executed.reply) ? asIs(executed) : []);

/** Nothing: the command has changed nothing. */
export const nothing: Rewrite = () => [];

/** The value that a counter has now; its expiry stays. */
export const toValue: Rewrite = ({ args, reply }) => [["set", at(args, 0), argOf(reply), "KEEPTTL"]];

/** The bytes at the place where they were appended. */
export const toSetRange: Rewrite = (executed) => {
  const [key = "", value = ""] = executed.args;
  const length = Buffer.byteLength(value);
  if (length === 0) return asIs(executed);
  return [["setrange", key, String(Number(textOf(executed.reply)) - length), value]];
};

/** `MSETNX`: `MSET`, if it was done. */
export const toMset: Rewrite = ({ args, reply }) => (hasChanged(reply) ? [["mset", ...args]] : []);

/** `GETDEL`: `DEL`, if there was something. */
export const toDel: Rewrite = ({ args, reply }) => (reply === null ? [] : [["del", at(args, 0)]]);

/** `HINCRBY`, `HINCRBYFLOAT`: the field's value now. */
export const toField: Rewrite = ({ args, reply }) => [["hset", at(args, 0), at(args, 1), argOf(reply)]];

/** `HSETNX`: `HSET`, if it was done. */
export const toHset: Rewrite = ({ args, reply }) => (hasChanged(reply) ? [["hset", ...args]] : []);

/** `RENAMENX`: `RENAME`, if it was done. */
export const toRename: Rewrite = ({ args, reply }) => (hasChanged(reply) ? [["rename", ...args]] : []);

/** `COPY`: with `REPLACE`, so that it may be repeated. */
export const toCopy: Rewrite = ({ args, reply }) =>
  hasChanged(reply) ? [["copy", at(args, 0), at(args, 1), "REPLACE"]] : [];
