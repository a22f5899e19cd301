import { Command } from "ioredis";
import type { CopyOutcome } from "../double-write/copier.ts";
import type { Entry } from "../double-write/delivery.ts";
import type { CopyCommand } from "../double-write/executed.ts";
import type { CopyDriver } from "../double-write/writing.ts";
import { isReady, isReplyError, type RedisSide } from "./redis-side.ts";

/** Answers of a server that will take the copy another time. */
const LATER = /^(LOADING|BUSY|MASTERDOWN|READONLY|OOM|MISCONF|NOREPLICAS|TRYAGAIN|CLUSTERDOWN)\b/;

/**
 * Makes what sends copies over the connections of a source. A data centre that becomes active gets its own writes over the
 * same connection, hence after the copies that were under way.
 *
 * @param sideOf finds the connection of a data centre
 */
export function createCopyDriver(sideOf: (dataCentre: string) => RedisSide | null): CopyDriver {
  return {
    isReady(dataCentre) {
      const side = sideOf(dataCentre);
      return side !== null && isReady(side.redis);
    },
    async send(dataCentre, { commands }) {
      const side = sideOf(dataCentre);
      if (side === null || !isReady(side.redis)) return { kind: "later" };
      return await sendAll(side, commands);
    },
    keysOf,
  };
}

async function sendAll({ redis }: RedisSide, commands: Entry["commands"]): Promise<CopyOutcome> {
  const framed: Entry["commands"] = commands.length === 1 ? commands : [["multi"], ...commands, ["exec"]];
  // The answers are bytes that nobody reads; keys carry their prefix already.
  const answers = framed.map(
    async ([name, ...args]) => await redis.sendCommand(new Command(name, [...args])),
  );
  let outcome: CopyOutcome = { kind: "applied" };
  for (const answer of await Promise.allSettled(answers)) {
    const error = answer.status === "rejected" ? answer.reason : findError(answer.value);
    // The first tells why; that the transaction was given up follows from it.
    if (error !== null && outcome.kind === "applied") outcome = judgeError(error);
  }
  return outcome;
}

/** The answer of EXEC holds the errors of single commands. */
function findError(answer: unknown): unknown {
  return Array.isArray(answer) ? (answer.find((each) => each instanceof Error) ?? null) : null;
}

function judgeError(error: unknown): CopyOutcome {
  if (!isReplyError(error)) return { kind: "unknown" };
  return LATER.test(error.message) ? { kind: "later" } : { kind: "refused", message: error.message };
}

/**
 * Finds the keys of commands.
 *
 * @param commands with their arguments
 * @returns the keys, each byte as one character
 */
function keysOf(commands: readonly CopyCommand[]): readonly string[] {
  return commands.flatMap(([name, ...args]) =>
    new Command(name, [...args])
      .getKeys()
      .map((key) => (typeof key === "string" ? Buffer.from(key) : key).toString("latin1")),
  );
}
