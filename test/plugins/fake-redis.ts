import type { Socket } from "node:net";
import { type FaultServer, openServer } from "./fault-servers.ts";

/** What a command is answered with, in Redis's protocol; undefined: nothing, ever. */
export type FakeReply = string | undefined;

/** A server that speaks Redis's protocol. */
export interface FakeRedis extends FaultServer {
  /** Commands that arrived, in their order. */
  readonly commands: string[];
  /** Says something to everybody who has sent SUBSCRIBE. */
  publish(channel: string, message: string): void;
}

/** Encodes a text of any length. */
export const bulk = (text: string): string => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
/** Encodes a list of texts. */
export const texts = (...all: readonly string[]): string => `*${all.length}\r\n${all.map(bulk).join("")}`;
/** Nothing, where a list is expected. */
export const NO_LIST = "*-1\r\n";

/** The words of the commands in what a client of ours sends: arrays of bulk strings, and no word with a line break. */
function readCommands(text: string): string[] {
  return text
    .split(/\*\d+\r\n/)
    .slice(1)
    .map((command) =>
      command
        .split("\r\n")
        .filter((_, at) => at % 2 === 1)
        .join(" "),
    );
}

/**
 * Starts a server that answers each command by its words.
 *
 * @param answer the reply to a command such as `CLUSTER INFO`
 */
export async function serveRedis(answer: (command: string) => FakeReply): Promise<FakeRedis> {
  const commands: string[] = [];
  const listeners = new Set<Socket>();
  const server = await openServer((socket) => {
    socket.setEncoding("latin1").on("data", (chunk) => {
      const replies = readCommands(String(chunk)).map((command) => {
        commands.push(command);
        if (/^subscribe /i.test(command)) listeners.add(socket);
        return answer(command);
      });
      // A server that does not answer one command answers none after it either.
      const silent = replies.indexOf(undefined);
      socket.write((silent < 0 ? replies : replies.slice(0, silent)).join(""), "latin1");
    });
  });
  const publish = (channel: string, message: string): void => {
    for (const socket of listeners) socket.write(texts("message", channel, message), "latin1");
  };
  return { ...server, commands, publish };
}

/** Answers as a well master does. */
export function answerAsMaster(command: string, replicas = 1): FakeReply {
  const replica = texts("192.0.2.9", "6379", "1");
  if (command === "PING") return "+PONG\r\n";
  if (command === "ROLE") return `*3\r\n${bulk("master")}:1\r\n*${replicas}\r\n${replica.repeat(replicas)}`;
  return command.startsWith("INFO") ? bulk("connected_clients:1\r\nmaxclients:100\r\n") : "+OK\r\n";
}

/** What a sentinel is to tell. */
export interface FakeSentinel {
  /** `host:port`; absent: it knows no master of the name. */
  readonly master?: string;
  readonly epoch?: number;
  readonly flags?: string;
  /** Why it could not fail over. */
  readonly noQuorum?: string;
}

/** Answers as a sentinel does. */
export function answerAsSentinel(
  command: string,
  { master, epoch, flags, noQuorum }: FakeSentinel,
): FakeReply {
  const [host = "", port = ""] = master?.split(":") ?? [];
  const unknown = "-ERR No such master with that name\r\n";
  const [, , what] = /^(SENTINEL) (\S+)/.exec(command) ?? [];
  switch (what) {
    case undefined:
      return command === "PING" ? "+PONG\r\n" : "+OK\r\n";
    case "GET-MASTER-ADDR-BY-NAME":
      return master === undefined ? NO_LIST : texts(host, port);
    case "MASTER": {
      const fields = [
        "flags",
        flags ?? "master",
        "config-epoch",
        String(epoch ?? 0),
        "down-after-milliseconds",
        "30000",
      ];
      return master === undefined ? unknown : texts(...fields);
    }
    default:
      if (master === undefined) return unknown;
      return noQuorum === undefined ? "+OK 3 usable Sentinels.\r\n" : `-NOQUORUM ${noQuorum}\r\n`;
  }
}
