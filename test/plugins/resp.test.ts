import { encodeCommands, parseReply, REPLY_MAX_BYTES } from "@evenkeel/plugins/resp";
import { expect, test } from "vitest";

test("commands are counted in bytes", () => {
  expect(encodeCommands([["AUTH", "pässword"], ["PING"]])).toBe(
    "*2\r\n$4\r\nAUTH\r\n$9\r\npässword\r\n*1\r\n$4\r\nPING\r\n",
  );
});

const REPLIES = [
  ["+PONG\r\n", "PONG"],
  [":-12\r\n", -12],
  ["$5\r\na\r\nbc\r\n", "a\r\nbc"],
  ["$0\r\n\r\n", ""],
  ["$-1\r\n", null],
  ["*-1\r\n", null],
  ["*0\r\n", []],
  ["*3\r\n$6\r\nmaster\r\n:42\r\n*1\r\n+x\r\n", ["master", 42, ["x"]]],
  ["-WRONGPASS no\r\n", { code: "WRONGPASS", message: "WRONGPASS no" }],
] as const;

test.each(REPLIES)("%j is read, and not before its last byte is there", (text, reply) => {
  expect(parseReply(text)).toEqual({ reply, end: text.length });
  expect(parseReply(`${text}+next\r\n`)).toEqual({ reply, end: text.length });
  for (let length = 0; length < text.length; length += 1)
    expect(parseReply(text.slice(0, length))).toBeNull();
});

test.each([
  ["HTTP/1.1 400 Bad Request\r\n", /protocol/],
  [":twelve\r\n", /protocol/],
  ["$x\r\n", /protocol/],
  [`$${REPLY_MAX_BYTES + 1}\r\n`, /too large/],
  ["*999999999\r\n", /too large/],
  [`+${"x".repeat(5000)}`, /too large/],
  [`+${"x".repeat(REPLY_MAX_BYTES)}\r\n`, /too large/],
  ["*1\r\n".repeat(10), /too large/],
])("%j is refused", (text, message) => {
  expect(() => parseReply(text)).toThrow(message);
});
