import { describe, expect, test } from "vitest";
import { isReadOperation } from "../../sdk/mongodb/read-operations.ts";

const match = { $match: { a: 1 } };
const READS = [
  { commandName: "find" },
  { commandName: "aggregate", pipeline: [match] },
  { commandName: "getMore" },
  { commandName: "endSessions" },
  { commandName: "runCommand", command: { ping: 1 } },
  { commandName: "runCommand", command: { aggregate: "orders", pipeline: [match], cursor: {} } },
];
const WRITES = [
  { commandName: "insert" },
  { commandName: "findAndModify" },
  { commandName: "bulkWrite" },
  { commandName: "aggregate", pipeline: [match, { $out: "copy" }] },
  { commandName: "aggregate", pipeline: [{ $merge: { into: "copy" } }] },
  { commandName: "runCommand", command: { insert: "orders", documents: [] } },
  { commandName: "runCommand", command: { aggregate: "orders", pipeline: [{ $out: "copy" }] } },
  { commandName: "runCommand", command: {} },
  { commandName: "somethingNew" },
  null,
];

describe("a call of MongoDB's driver", () => {
  test.each(READS)("%j reads", (operation) => expect(isReadOperation(operation)).toBe(true));
  test.each(WRITES)("%j may write", (operation) => expect(isReadOperation(operation)).toBe(false));
});
