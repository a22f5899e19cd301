import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createSecureServer } from "node:tls";
import { deserialize, serialize } from "bson";
import { onTestFinished } from "vitest";
import type { ServerCertificate } from "./test-certificates.ts";

const BODY_AT = 21;
const OP_MSG = 2013;
const ITERATIONS = 4096;

type Document = Record<string, unknown>;
/** Answers a command; undefined: as a well server does. */
type Answer = (command: Document) => Document | undefined;

/** A server that speaks MongoDB's protocol and knows one account. */
export interface FakeMongo {
  readonly address: string;
  /** Names of the commands that arrived, in their order. */
  readonly commands: string[];
  /** Connections that were ever opened. */
  readonly sockets: readonly Socket[];
}

/** An error as MongoDB answers it. */
export const mongoError = (code: number, codeName: string): Document => ({
  ok: 0,
  code,
  codeName,
  errmsg: `as the server says`,
});

/** The server's half of SCRAM-SHA-256 (RFC 5802), for one password. */
function createScram(password: string) {
  const salt = randomBytes(28);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const sign = (key: Uint8Array, text: string) => createHmac("sha256", key).update(text).digest();
  const clientKey = sign(salted, "Client Key");
  const storedKey = createHash("sha256").update(clientKey).digest();
  let message = "";
  return {
    start(payload: string): string {
      const first = payload.slice("n,,".length);
      const nonce = `${/r=(.*)$/.exec(first)?.[1]}${randomBytes(8).toString("hex")}`;
      const challenge = `r=${nonce},s=${salt.toString("base64")},i=${ITERATIONS}`;
      message = `${first},${challenge}`;
      return challenge;
    },
    /** The server's signature; null: the proof is wrong. */
    finish(payload: string): string | null {
      const at = payload.lastIndexOf(",p=");
      const full = `${message},${payload.slice(0, at)}`;
      const signature = sign(storedKey, full);
      const expected = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
      if (payload.slice(at + 3) !== expected.toString("base64")) return null;
      return `v=${sign(sign(salted, "Server Key"), full).toString("base64")}`;
    },
  };
}

function serveCommands(socket: Socket, password: string, answer: Answer, commands: string[]): void {
  const scram = createScram(password);
  const text = (payload: unknown) => (payload as { toString(encoding: string): string }).toString("utf8");
  const byCommand: Record<string, (command: Document) => Document> = {
    hello: () => ({ ok: 1, isWritablePrimary: true, saslSupportedMechs: ["SCRAM-SHA-256"] }),
    saslStart: ({ payload }) => ({
      ok: 1,
      conversationId: 1,
      done: false,
      payload: Buffer.from(scram.start(text(payload))),
    }),
    saslContinue: ({ payload }) => {
      const signature = scram.finish(text(payload));
      if (signature === null) return mongoError(18, "AuthenticationFailed");
      return { ok: 1, conversationId: 1, done: true, payload: Buffer.from(signature) };
    },
    find: () => ({ ok: 1, cursor: { id: 0, firstBatch: [] } }),
    serverStatus: () => ({ ok: 1, connections: { current: 1, available: 99 } }),
  };
  let unread = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= 4 && unread.length >= unread.readInt32LE(0)) {
      const message = unread.subarray(0, unread.readInt32LE(0));
      unread = unread.subarray(message.length);
      const command = deserialize(message.subarray(BODY_AT), { promoteBuffers: true });
      const [name = ""] = Object.keys(command);
      commands.push(name);
      const reply = answer(command) ?? byCommand[name]?.(command) ?? mongoError(59, "CommandNotFound");
      const body = serialize(reply);
      const head = Buffer.alloc(BODY_AT);
      head.writeInt32LE(BODY_AT + body.length, 0);
      head.writeInt32LE(message.readInt32LE(4), 8);
      head.writeInt32LE(OP_MSG, 12);
      socket.write(Buffer.concat([head, body]));
    }
  });
}

/**
 * Serves MongoDB's protocol on a free port until the test is over.
 *
 * @param password the account's
 * @param answer answers what the test is about
 * @param certificate makes the server speak TLS
 */
export async function serveMongo(
  password: string,
  answer: Answer = () => undefined,
  certificate?: ServerCertificate,
): Promise<FakeMongo> {
  const commands: string[] = [];
  const sockets: Socket[] = [];
  const serve = (socket: Socket) => {
    sockets.push(socket);
    // A client that gives up resets the connection.
    socket.on("error", () => socket.destroy());
    serveCommands(socket, password, answer, commands);
  };
  const server =
    certificate === undefined ? createServer(serve) : createSecureServer({ ...certificate }, serve);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, commands, sockets };
}
