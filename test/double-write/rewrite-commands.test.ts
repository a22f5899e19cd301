import { describe, expect, test } from "vitest";
import { COMMAND_TABLE } from "../../sdk/double-write/command-table.ts";
import type { Arg } from "../../sdk/double-write/executed.ts";
import { judgeCommand, rewriteCommands } from "../../sdk/double-write/judge-command.ts";

const AT_MS = 1_700_000_000_000;

function rewrite(line: string, reply: unknown): string[] {
  const [command = "", ...args] = line.split(" ");
  const judged = judgeCommand(command, args);
  if (judged.do !== "copy") return [judged.do];
  const copy = rewriteCommands([{ command, args, reply, atMs: AT_MS, row: judged.row }]);
  return (copy?.commands ?? []).map((each) => each.map(String).join(" "));
}

const text = (value: string): Buffer => Buffer.from(value);

describe("a write is copied as what it resulted in:", () => {
  test.each<[string, unknown, ...string[]]>([
    ["incr k", 5, "set k 5 KEEPTTL"],
    ["incrbyfloat k 0.1", text("0.30000000000000004"), "set k 0.30000000000000004 KEEPTTL"],
    ["append k abc", 10, "setrange k 7 abc"],
    ["set k v", text("OK"), "set k v"],
    ["set k v EX 10", text("OK"), `set k v PXAT ${AT_MS + 10_000}`],
    ["set k v XX PX 10", text("OK"), `set k v PXAT ${AT_MS + 10}`],
    ["set k v exat 12", text("OK"), "set k v PXAT 12000"],
    ["set k v KEEPTTL", text("OK"), "set k v KEEPTTL"],
    ["set k v NX", null],
    ["set k v NX GET", null, "set k v"],
    ["set k v NX GET", text("old")],
    ["set k v XX GET", null],
    ["set k v XX GET", text("old"), "set k v"],
    ["set k v GET", null, "set k v"],
    ["setnx k v", 0],
    ["setnx k v", 1, "set k v"],
    ["setex k 2 v", text("OK"), `set k v PXAT ${AT_MS + 2000}`],
    ["psetex k 2 v", text("OK"), `set k v PXAT ${AT_MS + 2}`],
    ["getset k v", text("old"), "set k v"],
    ["getdel k", null],
    ["getdel k", text("v"), "del k"],
    ["getex k", text("v")],
    ["getex k PERSIST", text("v"), "persist k"],
    ["getex k EX 3", text("v"), `pexpireat k ${AT_MS + 3000}`],
    ["getex k EX 3", null],
    ["expire k 3", 1, `pexpireat k ${AT_MS + 3000}`],
    ["expire k 3 NX", 0],
    ["pexpireat k 77", 1, "pexpireat k 77"],
    ["expireat k 77", 1, "pexpireat k 77000"],
    ["hincrby k f 2", 7, "hset k f 7"],
    ["hsetnx k f v", 1, "hset k f v"],
    ["spop k", text("a"), "srem k a"],
    ["spop k 2", [text("a"), text("b")], "srem k a b"],
    ["spop k", null],
    ["smove a b m", 1, "srem a m", "sadd b m"],
    ["smove a b m", 0],
    ["zincrby k 1 m", text("2.5"), "zadd k 2.5 m"],
    ["zincrby k 1 m", 2.5, "zadd k 2.5 m"],
    ["zadd k GT CH 1 m", 1, "zadd k GT CH 1 m"],
    ["zadd k INCR 1 m", text("4"), "zadd k 4 m"],
    ["zadd k NX INCR 1 m", null],
    ["zadd k 1 INCR", 1, "zadd k 1 INCR"],
    ["zpopmin k", [text("m"), text("1")], "zrem k m"],
    [
      "zpopmax k 2",
      [
        [text("m"), 1],
        [text("n"), 2],
      ],
      "zrem k m n",
    ],
    ["zmpop 2 a b MIN", [text("b"), [[text("m"), text("1")]]], "zrem b m"],
    ["zmpop 2 a b MIN", null],
    ["lpop k", text("v"), "lrem k 1 v"],
    ["rpop k 2", [text("v"), text("w")], "lrem k -1 v", "lrem k -1 w"],
    ["lmpop 2 a b RIGHT COUNT 1", [text("b"), [text("v")]], "lrem b -1 v"],
    ["lmove a b RIGHT LEFT", text("v"), "lrem a -1 v", "lpush b v"],
    ["lmove a b LEFT RIGHT", text("v"), "lrem a 1 v", "rpush b v"],
    ["rpoplpush a b", text("v"), "lrem a -1 v", "lpush b v"],
    ["rpoplpush a b", null],
    ["lpushx k v", 0],
    ["lpushx k v", 3, "lpushx k v"],
    ["linsert k BEFORE a b", -1],
    ["renamenx a b", 1, "rename a b"],
    ["copy a b", 1, "copy a b REPLACE"],
    ["copy a b", 0],
    ["del k", 0, "del k"],
    ["sort k ALPHA", []],
    ["get k", text("v"), "pass"],
    ["publish channel message", 0, "pass"],
    ["xadd k MAXLEN ~ 10 LIMIT 5 1-1 f *", text("1-1"), "xadd k MAXLEN ~ 10 LIMIT 5 1-1 f *"],
  ])("%s answered %j", (line, reply, ...copies) => {
    expect(rewrite(line, reply)).toEqual(copies);
  });

  test.each([
    "xadd k * f v",
    "xadd k NOMKSTREAM MAXLEN = 5 1-* f v",
    "bitfield k INCRBY u8 0 1",
    "copy a b DB 1",
    "sort k STORE b",
    "georadius k 1 1 1 m STORE b",
    "eval script 0",
    "json.set k $ 1",
  ])("%s is refused with the reason", (line) => {
    const [command = "", ...args] = line.split(" ");
    expect(judgeCommand(command, args)).toMatchObject({
      do: "refuse",
      because: expect.stringMatching(/\w+ \w+/),
    });
  });

  test("bytes that are no text stay what they are", () => {
    const value = Buffer.from([0, 200, 255]);
    const judged = judgeCommand("spop", ["k"]);
    if (judged.do !== "copy") throw new Error("SPOP is copied");
    const args: Arg[] = ["k"];
    const copy = rewriteCommands([{ command: "spop", args, reply: value, atMs: AT_MS, row: judged.row }]);
    expect(copy?.commands).toEqual([["srem", "k", value]]);
  });

  test("what belongs together is one copy, to be sent once if any of it may be sent once only", () => {
    const executed = ["incr a", "rpush l v", "get a"].flatMap((line) => {
      const [command = "", ...args] = line.split(" ");
      const judged = judgeCommand(command, args);
      return judged.do === "copy" ? [{ command, args, reply: 1, atMs: AT_MS, row: judged.row }] : [];
    });
    expect(rewriteCommands(executed)).toEqual({
      commands: [
        ["set", "a", "1", "KEEPTTL"],
        ["rpush", "l", "v"],
      ],
      isRepeatable: false,
    });
    expect(rewriteCommands(executed.slice(0, 1))?.isRepeatable).toBe(true);
  });
});

test("each command stands in one row of the table, and each row says what becomes of it", () => {
  const commands = COMMAND_TABLE.flatMap((row) => row.commands.split(/\s+/));
  expect(commands.filter((command, index) => commands.indexOf(command) !== index)).toEqual([]);
  for (const row of COMMAND_TABLE) {
    expect(row.because).not.toBe("");
    expect(row.rewrite !== undefined).toBe(row.class === "write" || row.class === "rewritten");
  }
});
