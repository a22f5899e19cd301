import type * as Crypto from "node:crypto";
import type { ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { createError, type Line } from "./keep-connection.ts";
import { keepInspected } from "./keep-inspected.ts";
import {
  type BsonCodec,
  createMongoExchange,
  type MongoDocument,
  type MongoExchange,
  requireOk,
} from "./mongo-exchange.ts";
import { inspectMongo } from "./mongo-facts.ts";
import { loginToMongo, NO_MECHANISM } from "./mongo-login.ts";
import { connectLine } from "./secure-line.ts";
import { TLS_MERGED } from "./tls.ts";

/** Settings of a MongoDB target, merged, as a session and a judge read them. */
export const MongoSettings = z.object({
  user: z.string(),
  password: z.string().default(""),
  authDatabase: z.string().default("admin"),
  monitoredDatabase: z.string(),
  connectedDatabases: z.array(z.string()),
  addresses: z.array(z.string()).min(1),
  ...TLS_MERGED,
});
/** Settings of a MongoDB target, merged. */
export type MongoSettings = z.infer<typeof MongoSettings>;

/** Share of the access timeout that the server may take for the read, so that it can still say that it did not. */
const READ_SHARE = 0.5;
/** The server's number for what an account may not do. */
const UNAUTHORIZED = 13;
/** The collection that is read; it need not exist. */
const COLLECTION = "evenkeel_probe";

/** Tells the role; it needs no login, so that it proves none. */
const HELLO = { hello: 1, $db: "admin" };
/** Connections and write blocks, without the sections that are costly. */
const STATUS = {
  serverStatus: 1,
  metrics: 0,
  locks: 0,
  wiredTiger: 0,
  tcmalloc: 0,
  opLatencies: 0,
  sharding: 0,
  transactions: 0,
  $db: "admin",
};

/**
 * Opens the session of one server. Each probe asks for the role, reads as the monitor's account, and asks for the
 * connections where the account may see them.
 *
 * @param settings the target's
 * @param address the server's
 * @param context the agent's surroundings
 * @returns the session; its sample is `{hello, status}`
 */
export function openMongoSession(
  settings: MongoSettings,
  address: string,
  context: ProbeContext,
): ProbeSession {
  return keepInspected(context, async (line) => {
    const exchange = await connectMongo(settings, address, context, line);
    const read: MongoDocument = {
      find: COLLECTION,
      limit: 1,
      singleBatch: true,
      maxTimeMS: Math.max(1, Math.floor(context.accessTimeoutMs * READ_SHARE)),
      $db: settings.monitoredDatabase,
      // A secondary refuses to be read without this; that it is one says its role.
      $readPreference: { mode: "secondaryPreferred" },
    };
    let maySeeStatus = true;
    const probe = async () => {
      const [hello, found, status] = await exchange(maySeeStatus ? [HELLO, read, STATUS] : [HELLO, read]);
      // What is refused once is not asked again: each refusal is a line in the server's log.
      if (status?.code === UNAUTHORIZED) maySeeStatus = false;
      const role = requireOk(hello);
      // An arbiter holds no accounts and no data, and says so before it is asked for either.
      if (role.arbiterOnly !== true) requireOk(found);
      return { hello: role, status: status?.ok === 1 ? status : null };
    };
    return { probe, inspect: () => inspectMongo(exchange) };
  });
}

/**
 * Connects and logs in over a session's socket.
 *
 * @param settings whom to log in as
 * @param address the server's
 * @param context the agent's surroundings
 * @param line the session's socket
 * @returns what asks
 */
export async function connectMongo(
  settings: MongoSettings,
  address: string,
  context: ProbeContext,
  line: Line,
): Promise<MongoExchange> {
  const codec = await context.load<BsonCodec>("bson");
  const exchange = createMongoExchange(await connectLine(line, address, settings, context), codec);
  await login(exchange, settings, context);
  return exchange;
}

async function login(exchange: MongoExchange, settings: MongoSettings, context: ProbeContext): Promise<void> {
  const { user, password, authDatabase: database } = settings;
  const [reply] = await exchange([
    {
      ...HELLO,
      saslSupportedMechs: `${database}.${user}`,
      client: { driver: { name: "evenkeel-agent", version: "1" }, os: { type: "unknown" } },
    },
  ]);
  const { arbiterOnly, saslSupportedMechs } = requireOk(reply);
  if (arbiterOnly === true) return;
  if (Array.isArray(saslSupportedMechs) && !saslSupportedMechs.includes("SCRAM-SHA-256"))
    throw createError(NO_MECHANISM, "the server offers this account no SCRAM-SHA-256");
  await loginToMongo(
    exchange,
    { user, password, database },
    await context.load<typeof Crypto>("node:crypto"),
  );
}
