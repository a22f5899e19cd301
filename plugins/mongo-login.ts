import type * as Crypto from "node:crypto";
import { createError } from "./keep-connection.ts";
import { type MongoExchange, NOT_MONGO, requireOk } from "./mongo-exchange.ts";

/** Code of a server that offers no way of logging in that we know. */
export const NO_MECHANISM = "NO_SCRAM_SHA_256";
/** Code of a server that does not know the password itself, and so is not who it says. */
export const WRONG_SERVER = "WRONG_SERVER_SIGNATURE";

const MECHANISM = "SCRAM-SHA-256";
const NONCE_BYTES = 24;
const KEY_BYTES = 32;
/** Fewer make a password easy to guess for who listens (RFC 7677 §4); more would keep our processor busy. */
const ITERATIONS_MIN = 4096;
const ITERATIONS_MAX = 1_000_000;
/** Empty messages after which the server has to have said that the login is complete. */
const EMPTY_MAX = 2;
/** `n,,` in Base64: no channel binding. */
const NO_BINDING = "biws";

/** Who logs in, and where the account is. */
export interface MongoLogin {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/**
 * Logs in with SCRAM-SHA-256 (RFC 5802, RFC 7677), as MongoDB carries it.
 *
 * @param exchange the session's
 * @param login the account
 * @param crypto Node's module
 * @throws the server's error with its number, or one of ours
 */
export async function loginToMongo(
  exchange: MongoExchange,
  login: MongoLogin,
  crypto: typeof Crypto,
): Promise<void> {
  const nonce = crypto.randomBytes(NONCE_BYTES).toString("base64");
  const first = `n=${login.user.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${nonce}`;
  const begun = await say(exchange, login.database, {
    saslStart: 1,
    mechanism: MECHANISM,
    payload: Buffer.from(`n,,${first}`),
    options: { skipEmptyExchange: true },
  });
  const challenge = readChallenge(begun.payload, nonce);
  const withoutProof = `c=${NO_BINDING},r=${challenge.nonce}`;
  const keys = await deriveKeys(
    login.password,
    challenge,
    `${first},${begun.payload},${withoutProof}`,
    crypto,
  );
  const next = { saslContinue: 1, conversationId: begun.conversationId };
  let reply = await say(exchange, login.database, {
    ...next,
    payload: Buffer.from(`${withoutProof},p=${keys.proof}`),
  });
  if (readFields(reply.payload).v !== keys.signature)
    throw createError(WRONG_SERVER, "the server does not know the account's password");
  for (let round = 0; !reply.done && round < EMPTY_MAX; round += 1) {
    reply = await say(exchange, login.database, { ...next, payload: Buffer.alloc(0) });
  }
  if (!reply.done) throw createError(NOT_MONGO, "the login does not come to its end");
}

interface SaslReply {
  readonly conversationId: unknown;
  readonly done: boolean;
  readonly payload: string;
}

async function say(exchange: MongoExchange, database: string, command: object): Promise<SaslReply> {
  const [reply] = await exchange([{ ...command, $db: database }]);
  const { conversationId, done, payload } = requireOk(reply);
  if (!(payload instanceof Uint8Array)) throw createError(NOT_MONGO, "the login has no payload");
  return { conversationId, done: done === true, payload: Buffer.from(payload).toString("utf8") };
}

interface Challenge {
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
}

function readFields(payload: string): Readonly<Partial<Record<"r" | "s" | "i" | "v", string>>> {
  return Object.fromEntries(payload.split(",").map((field) => [field.slice(0, 1), field.slice(2)]));
}

function readChallenge(payload: string, ours: string): Challenge {
  const { r: nonce = "", s: salt = "", i } = readFields(payload);
  const iterations = Number(i);
  const isBearable = iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX;
  if (!nonce.startsWith(ours) || nonce.length === ours.length || salt === "" || !isBearable)
    throw createError(NOT_MONGO, "the challenge of the login is not in order");
  return { nonce, salt: Buffer.from(salt, "base64"), iterations };
}

async function deriveKeys(
  password: string,
  { salt, iterations }: Challenge,
  message: string,
  crypto: typeof Crypto,
): Promise<{ readonly proof: string; readonly signature: string }> {
  const sign = (key: Uint8Array, text: string) => crypto.createHmac("sha256", key).update(text).digest();
  const salted = await new Promise<Buffer>((resolve, reject) => {
    crypto.pbkdf2(prepare(password), salt, iterations, KEY_BYTES, "sha256", (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
  const clientKey = sign(salted, "Client Key");
  const storedKey = crypto.createHash("sha256").update(clientKey).digest();
  const signature = sign(storedKey, message);
  const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
  return {
    proof: proof.toString("base64"),
    signature: sign(sign(salted, "Server Key"), message).toString("base64"),
  };
}

/** What SASLprep (RFC 4013 §2.1–2.2) maps: other spaces to a space, some characters to nothing, then NFKC. */
function prepare(password: string): string {
  return password
    .replaceAll(/[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/g, " ")
    .replaceAll(/\u034F|\u200C|\u200D|[\u180B-\u180D]|[\uFE00-\uFE0F]|[\u00AD\u1806\u2060\uFEFF]/g, "")
    .normalize("NFKC");
}
