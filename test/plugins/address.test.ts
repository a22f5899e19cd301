import { createAddressSchema, parseAddress, readAddress } from "@evenkeel/plugins/address";
import { expect, test } from "vitest";

test.each([
  ["db.example.com:5432", "db.example.com", 5432],
  ["localhost:1", "localhost", 1],
  ["db_1:65535", "db_1", 65_535],
  ["192.0.2.10:3306", "192.0.2.10", 3306],
  ["[2001:db8::10]:6379", "2001:db8::10", 6379],
  ["[::ffff:192.0.2.10]:80", "::ffff:192.0.2.10", 80],
])("%s is host and port", (text, host, port) => {
  expect(parseAddress(text)).toEqual({ host, port });
  expect(createAddressSchema(1).parse(` ${text} `)).toBe(text);
});

test.each([
  "",
  "db.example.com",
  "db.example.com:",
  ":5432",
  "db:0",
  "db:65536",
  "db:5432x",
  "192.0.2.300:1",
  "192.0.2:1",
  "2001:db8::10:5432",
  "[2001:db8::10]",
  "[2001:db8::zz]:1",
  "[]:1",
  "http://db:1",
  "user:password@db:1",
  "db:1/path",
  "a b:1",
  "-db:1",
  `${"a".repeat(300)}:1`,
])("%j is no address, and the refusal shows how one looks", (text) => {
  expect(parseAddress(text)).toBeNull();
  const [issue] = createAddressSchema(5432).safeParse(text).error?.issues ?? [];
  expect(issue?.message).toMatch(/host:port.*:5432|characters/);
  expect(() => readAddress(text)).toThrow(/host:port/);
});
