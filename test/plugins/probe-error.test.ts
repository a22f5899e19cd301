import { describeError } from "@evenkeel/plugins/probe-error";
import { describe, expect, test } from "vitest";

const withFields = (message: string, fields: object) => Object.assign(new Error(message), fields);

describe("code", () => {
  test.each([
    ["a system's error", withFields("connect", { code: "ECONNREFUSED", errno: -111 }), "ECONNREFUSED"],
    ["a SQLSTATE", withFields("denied", { code: "28P01" }), "28P01"],
    [
      "an engine's number before its name",
      withFields("denied", { code: "ER_ACCESS_DENIED_ERROR", errno: 1045, sqlState: "28000" }),
      "1045",
    ],
    ["a SQLSTATE alone", withFields("odd", { sqlState: "HY000" }), "HY000"],
    ["a cause", new Error("fetch failed", { cause: withFields("x", { code: "ENOTFOUND" }) }), "ENOTFOUND"],
    [
      "one of several errors",
      new AggregateError([withFields("x", { code: "EHOSTUNREACH" })]),
      "EHOSTUNREACH",
    ],
    ["no error at all", "a text", undefined],
    ["nothing", undefined, undefined],
    ["a long one", withFields("x", { code: "X".repeat(500) }), "X".repeat(60)],
  ])("is found in %s", (_, error, code) => {
    expect(describeError(error).code).toBe(code);
  });

  test("is not looked for without end", () => {
    const error: { cause?: unknown } = {};
    error.cause = error;
    expect(describeError(error)).toEqual({ code: undefined, message: "a object was thrown" });
  });
});

describe("message", () => {
  test.each([
    ["its first line", new Error("first\nsecond"), "first"],
    ["the first error's words where there are several", new AggregateError([new Error("inner")]), "inner"],
    ["the name where there are no words", new TypeError(""), "TypeError"],
    ["a thrown text", "a text", "a text"],
    ["no control characters", new Error("a\u001b[31mb\u0000c"), "a [31mb c"],
    ["no credentials of a URL", new Error("at redis://user:s3cret@host:1/0"), "at redis://host:1/0"],
    ["no named password", new Error("host=a password=s3cret user=b"), "host=a password=… user=b"],
    ["no quoted password", new Error(`{"password": "s3cret s3cret", "a": 1}`), `{"password": …, "a": 1}`],
    ["no password of a statement", new Error("near IDENTIFIED BY 's3cret'"), "near IDENTIFIED BY …"],
    ["no bearer", new Error("sent Authorization: Bearer s3cret"), "sent Authorization: …"],
    [
      "what MySQL says of passwords",
      new Error("Access denied for user 'a'@'b' (using password: YES)"),
      "Access denied for user 'a'@'b' (using password: YES)",
    ],
  ])("has %s", (_, error, message) => {
    expect(describeError(error).message).toBe(message);
  });

  test("is bounded", () => {
    expect(describeError(new Error("x".repeat(100_000))).message).toHaveLength(300);
  });
});
