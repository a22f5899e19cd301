import {
  type Arg,
  argOf,
  at,
  type CopyCommand,
  hasChanged,
  membersOf,
  type Rewrite,
  textOf,
  word,
} from "./executed.ts";
import { asIs } from "./rewrite-values.ts";

/** `SPOP`: the members that the server chose. */
export const toSrem: Rewrite = ({ args, reply }) => {
  const members = membersOf(reply, false);
  return members.length === 0 ? [] : [["srem", at(args, 0), ...members]];
};

/** `SMOVE`: taken out of one set, put into the other. */
export const toSremAndSadd: Rewrite = ({ args, reply }) => {
  const [source = "", destination = "", member = ""] = args;
  return hasChanged(reply)
    ? [
        ["srem", source, member],
        ["sadd", destination, member],
      ]
    : [];
};

/** `ZINCRBY`: the member's score now. */
export const toScore: Rewrite = ({ args, reply }) => [["zadd", at(args, 0), argOf(reply), at(args, 2)]];

/** `ZADD`: itself, or with INCR the member's score now. */
export const toZadd: Rewrite = (executed) => {
  const { args, reply } = executed;
  // Scores are numbers and members come last, so that options end at the first number.
  const firstScore = args.findIndex((arg, index) => index > 0 && /^[-+]?(\d|\.\d|inf)/i.test(textOf(arg)));
  if (!args.slice(1, firstScore).some((arg) => word(arg) === "INCR")) return asIs(executed);
  return reply === null ? [] : [["zadd", at(args, 0), argOf(reply), at(args, args.length - 1)]];
};

/** `ZPOPMIN`, `ZPOPMAX`: the members that went. */
export const toZrem: Rewrite = ({ args, reply }) => {
  const members = membersOf(reply, true);
  return members.length === 0 ? [] : [["zrem", at(args, 0), ...members]];
};

/** `ZMPOP`: the key that was taken from, and the members that went. */
export const toZremOfKey: Rewrite = ({ reply }) => {
  if (!Array.isArray(reply)) return [];
  const members = membersOf(reply[1], true);
  return members.length === 0 ? [] : [["zrem", argOf(reply[0]), ...members]];
};

function removeFromList(key: Arg, isFromLeft: boolean, values: unknown): readonly CopyCommand[] {
  return membersOf(values, false).map((value) => ["lrem", key, isFromLeft ? "1" : "-1", value]);
}

/** `LPOP`, `RPOP`: the values that went, from the end at which they stood. */
export const toLrem: Rewrite = ({ command, args, reply }) =>
  removeFromList(at(args, 0), command === "lpop", reply);

/** `LMPOP`: the list that was taken from, and the values that went. */
export const toLremOfKey: Rewrite = ({ args, reply }) => {
  if (!Array.isArray(reply)) return [];
  const direction = at(args, 1 + Number(textOf(args[0])));
  return removeFromList(argOf(reply[0]), word(direction) === "LEFT", reply[1]);
};

/** `LMOVE`, `RPOPLPUSH`: the value taken from one list, put to the other. */
export const toLremAndPush: Rewrite = ({ command, args, reply }) => {
  if (reply === null) return [];
  const [source = "", destination = "", from, to] = args;
  const isFromLeft = command === "lmove" && word(from) === "LEFT";
  const isToLeft = command === "rpoplpush" || word(to) === "LEFT";
  return [
    ...removeFromList(source, isFromLeft, reply),
    [isToLeft ? "lpush" : "rpush", destination, argOf(reply)],
  ];
};
