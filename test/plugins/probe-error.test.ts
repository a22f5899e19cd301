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
    [
      "words of a server that look like an alert",
      withFields("error:0A000410:a:b:sslv3 alert bad certificate:c", { code: "28000" }),
      "28000",
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

test.each(["tlsv13 alert certificate required", "sslv3 alert bad certificate", "ssl/tls alert unknown ca"])(
  "%s has one code, whatever Node's version of OpenSSL calls it",
  (words) => {
    const line = `80AB:error:0A000410:SSL routines:ssl3_read_bytes:${words}:rec_layer.c:916:SSL alert number 1`;
    const error = withFields(line, { code: `ERR_SSL_${words.replaceAll(" ", "_").toUpperCase()}` });
    const code = words.replace(/^\S+ /, "TLS_").replaceAll(" ", "_").toUpperCase();
    expect(describeError(error)).toEqual({ code, message: words });
  },
);

describe("message", () => {
  test.each([
    ["its first line", new Error("first\nsecond"), "first"],
    ["the first error's words where there are several", new AggregateError([new Error("inner")]), "inner"],
    ["the name where there are no words", new TypeError(""), "TypeError"],
    ["a thrown text", "a text", "a text"],
    ["no control characters", new Error("a\u001b[31mb\u0000c"), "a [31mb c"],
    ["no credentials of a URL", new Error("at redis://user:s3cret@host:1/0"), "at redis://host:1/0"],
    [
      "OpenSSL's reason without its thread, numbers and places",
      new Error("00E7:error:0A0000C6:SSL routines:tls_get_more_records:packet length too long:../x.c:662:"),
      "packet length too long",
    ],
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
