import type { Judgement } from "@evenkeel/contracts/observation";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { judgeConnections } from "./connection-share.ts";
import { judgeStranger, judgeUp } from "./judge-failure.ts";

/** `hello`, as far as it is judged. */
export const MongoHello = z.object({
  isWritablePrimary: z.boolean(),
  secondary: z.boolean().optional(),
  arbiterOnly: z.boolean().optional(),
  isreplicaset: z.boolean().optional(),
  setName: z.string().optional(),
  primary: z.string().optional(),
  msg: z.string().optional(),
});
type Hello = z.infer<typeof MongoHello>;
/** `serverStatus`, as far as the account may see it and the server has it. */
const Status = z.object({
  connections: z.object({ current: z.number(), available: z.number() }).optional(),
  repl: z.object({ userWriteBlockMode: z.number().optional() }).optional(),
});
const Sample = z.object({ hello: MongoHello, status: Status.nullable() });
/** What `serverStatus` says while `setUserWriteBlockMode` refuses users' writes. */
const WRITES_BLOCKED = 2;

/**
 * Judges what one server of MongoDB answered, by its role.
 *
 * @param outcome the answer, `{hello, status}`
 * @param address the server's
 */
export function judgeMongoAnswer(
  { sample: raw, latencyMs }: Extract<ProbeOutcome, { type: "answered" }>,
  address: string,
): Judgement {
  const sample = Sample.safeParse(raw).data;
  if (sample === undefined) return judgeStranger("MongoDB", address);
  const { hello, status } = sample;
  if (hello.arbiterOnly === true) {
    const advice = "enter the addresses of members that hold data";
    return { verdict: "config", reason: "bad-settings", words: `${address} is an arbiter`, advice };
  }
  if (!hello.isWritablePrimary) return judgeRole(hello, address);
  if (status?.repl?.userWriteBlockMode === WRITES_BLOCKED)
    return { verdict: "read_only", reason: "read-only", words: `setUserWriteBlockMode is on at ${address}` };
  const { current = Number.NaN, available = Number.NaN } = status?.connections ?? {};
  return judgeConnections(current, current + available) ?? judgeUp(latencyMs, nameMongoRole(hello));
}

function judgeRole(hello: Hello, address: string): Judgement {
  if (hello.isreplicaset === true) {
    const advice = "rs.initiate()";
    return {
      verdict: "config",
      reason: "bad-settings",
      words: `${address} belongs to no replica set yet`,
      advice,
    };
  }
  const state = hello.secondary === true ? "is a secondary" : "is neither primary nor secondary";
  const primary =
    hello.primary === undefined ? "no primary is known there" : `the primary is ${hello.primary}`;
  return {
    verdict: "read_only",
    reason: "read-only",
    words: `${address} ${state} of ${hello.setName ?? "its replica set"}; ${primary}`,
  };
}

/**
 * Names what a server of MongoDB is.
 *
 * @param hello what it said
 */
export function nameMongoRole({ msg, setName, isWritablePrimary, secondary, arbiterOnly }: Hello): string {
  if (msg === "isdbgrid") return "router of a sharded cluster";
  if (setName === undefined) return "stand-alone server";
  if (isWritablePrimary) return `primary of ${setName}`;
  if (arbiterOnly === true) return `arbiter of ${setName}`;
  return secondary === true ? `secondary of ${setName}` : `member of ${setName}`;
}
