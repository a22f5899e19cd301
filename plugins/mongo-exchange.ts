import { createError } from "./keep-connection.ts";
import type { Wire } from "./secure-line.ts";

/**
 * MongoDB's wire protocol, as far as a probe needs it: OP_MSG with one body section
 * (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/).
 */

/** A document. */
export type MongoDocument = Readonly<Record<string, unknown>>;

/** The two functions of the package `bson` that are used. */
export interface BsonCodec {
  serialize(document: MongoDocument): Uint8Array;
  deserialize(bytes: Uint8Array, options: { readonly promoteBuffers: boolean }): MongoDocument;
}

/** Code of what is not the protocol. */
export const NOT_MONGO = "NOT_MONGO";

/** Largest message that is read: `hello` and `serverStatus` have some ten thousand bytes. */
const MESSAGE_MAX_BYTES = 1024 * 1024;
const HEADER_BYTES = 16;
/** The header, the flags and the kind of the section stand before the document. */
const BODY_AT = 21;
const OP_MSG = 2013;
const FLAG_CHECKSUM = 1;
const CHECKSUM_BYTES = 4;

/**
 * Sends commands in one piece and waits for their replies, which come in the same order.
 *
 * @param commands each with `$db`
 * @returns as many replies; those with `ok: 0` too
 */
export type MongoExchange = (commands: readonly MongoDocument[]) => Promise<readonly MongoDocument[]>;

interface Waiting {
  readonly ids: readonly number[];
  readonly replies: MongoDocument[];
  readonly resolve: (replies: readonly MongoDocument[]) => void;
}

/**
 * Speaks MongoDB's protocol over the connection of a session. One exchange at a time. What is not the protocol ends the
 * session.
 *
 * @param wire the session's connection
 * @param codec encodes and decodes documents
 */
export function createMongoExchange({ stream, lose }: Wire, codec: BsonCodec): MongoExchange {
  let unread: Buffer = Buffer.alloc(0);
  let waiting: Waiting | null = null;
  let lastId = 0;

  stream.on("data", (chunk: Buffer) => {
    try {
      unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
      for (let size = sizeOf(unread); size !== null; size = sizeOf(unread)) {
        if (waiting === null) throw new Error("the server spoke unasked");
        const message = unread.subarray(0, size);
        unread = unread.subarray(size);
        if (message.readInt32LE(8) !== waiting.ids[waiting.replies.length])
          throw new Error("the answer is to another question");
        waiting.replies.push(readBody(message, codec));
        if (waiting.replies.length < waiting.ids.length) continue;
        const { resolve, replies } = waiting;
        waiting = null;
        resolve(replies);
      }
    } catch (error) {
      lose(createError(NOT_MONGO, error instanceof Error ? error.message : String(error)));
    }
  });

  return (commands) =>
    new Promise((resolve) => {
      const ids = commands.map(() => {
        lastId += 1;
        return lastId;
      });
      waiting = { ids, replies: [], resolve };
      stream.write(Buffer.concat(commands.map((command, at) => encode(command, ids[at] ?? 0, codec))));
    });
}

function encode(command: MongoDocument, id: number, codec: BsonCodec): Buffer {
  const body = codec.serialize(command);
  const message = Buffer.alloc(BODY_AT + body.length);
  message.writeInt32LE(message.length, 0);
  message.writeInt32LE(id, 4);
  message.writeInt32LE(OP_MSG, 12);
  message.set(body, BODY_AT);
  return message;
}

/** The size of the first message in bytes; null: it is not complete. */
function sizeOf(unread: Buffer): number | null {
  if (unread.length < HEADER_BYTES) return null;
  const size = unread.readInt32LE(0);
  if (unread.readInt32LE(12) !== OP_MSG) throw new Error("the answer is not in MongoDB's protocol");
  if (size <= BODY_AT || size > MESSAGE_MAX_BYTES) throw new Error("the answer has an unlikely size");
  return unread.length < size ? null : size;
}

function readBody(message: Buffer, codec: BsonCodec): MongoDocument {
  const checksum = (message.readUInt32LE(HEADER_BYTES) & FLAG_CHECKSUM) === 0 ? 0 : CHECKSUM_BYTES;
  if (message.readUInt8(BODY_AT - 1) !== 0)
    throw new Error("the answer has sections that were not asked for");
  return codec.deserialize(message.subarray(BODY_AT, message.length - checksum), { promoteBuffers: true });
}

/**
 * Makes sure that a reply is no error.
 *
 * @param reply a reply
 * @returns the reply
 * @throws an error with the server's number and words
 */
export function requireOk(reply: MongoDocument | undefined): MongoDocument {
  if (reply?.ok === 1) return reply;
  const { code, codeName, errmsg } = reply ?? {};
  if (typeof code !== "number") throw createError(NOT_MONGO, "the answer says neither yes nor no");
  throw createError(String(code), [codeName, errmsg].filter((text) => typeof text === "string").join(": "));
}
