import { rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { VerbResult } from "./verbs.ts";

/** Longest request that the lab reads, in characters. */
const REQUEST_MAX = 4096;
const SOCKET_FILE = "lab.sock";

const Answer = z.object({ ok: z.boolean(), line: z.string() });

/**
 * Lets other terminals command a running lab, through a socket in its state directory, which only its user can reach.
 *
 * @param stateDir the lab's directory
 * @param run carries out the words of a command
 */
export function serveRemote(
  stateDir: string,
  run: (words: readonly string[]) => Promise<VerbResult>,
): Server {
  const path = join(stateDir, SOCKET_FILE);
  rmSync(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const answer = async () => {
      const words = z.array(z.string()).parse(JSON.parse((await text(socket)).slice(0, REQUEST_MAX)));
      return run(words);
    };
    answer().then(
      (result) => socket.end(JSON.stringify(result)),
      (error: unknown) =>
        socket.end(JSON.stringify({ ok: false, line: `the command cannot be read: ${String(error)}` })),
    );
  });
  server.listen(path);
  return server;
}

/** No lab runs from a directory. */
export class NoLabError extends Error {
  constructor(stateDir: string) {
    super(`no lab runs from ${stateDir}; start one with npm start`);
    this.name = "NoLabError";
  }
}

/**
 * Sends a command to a running lab.
 *
 * @param stateDir the lab's directory
 * @param words verb and arguments
 * @throws NoLabError if none runs there
 */
export async function askRemote(stateDir: string, words: readonly string[]): Promise<VerbResult> {
  const socket = connect({ path: join(stateDir, SOCKET_FILE), allowHalfOpen: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", () => reject(new NoLabError(stateDir)));
  });
  socket.end(JSON.stringify(words));
  return Answer.parse(JSON.parse(await text(socket)));
}
