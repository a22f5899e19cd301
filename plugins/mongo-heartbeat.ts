import type { HeartbeatPlugin, HeartbeatSession } from "@evenkeel/contracts/heartbeat-plugin";
import type { ProbeContext } from "@evenkeel/contracts/plugin";
import { HeartbeatSettings } from "./heartbeat-settings.ts";
import { judgeFailure } from "./judge-failure.ts";
import { createError } from "./keep-connection.ts";
import { keepHeartbeat } from "./keep-heartbeat.ts";
import type { Meanings } from "./meaning.ts";
import { type MongoDocument, requireOk } from "./mongo-exchange.ts";
import { MONGO_MEANINGS } from "./mongo-meanings.ts";
import { connectMongo, MongoSettings } from "./mongo-session.ts";

const DATABASE = "evenkeel_probe";
const COLLECTION = "heartbeat";
/** Share of the access timeout that the server may take, so that it can still say that it did not. */
const SERVER_SHARE = 0.5;

/** Makes the account. */
export const MONGO_HEARTBEAT_ACCOUNT = `db.getSiblingDB("admin").createRole({
  role: "evenkeelHeartbeat", roles: [],
  privileges: [{
    resource: { db: "${DATABASE}", collection: "${COLLECTION}" }, actions: ["find", "insert", "update"]
  }]
})
db.getSiblingDB("admin").createUser({
  user: "evenkeel_heartbeat", pwd: "…", mechanisms: ["SCRAM-SHA-256"], roles: ["evenkeelHeartbeat"]
})`;

/** What codes mean where a heartbeat is answered with them. */
const HEARTBEAT_MEANINGS: Meanings = {
  ...MONGO_MEANINGS,
  "13": {
    verdict: "config",
    reason: "permission-denied",
    advice:
      'db.getSiblingDB("admin").grantRolesToUser("{user}", ["evenkeelHeartbeat"]); the docs page has the role',
  },
  "64": {
    verdict: "degraded",
    reason: "incomplete",
    advice: "most members of the set do not confirm writes: rs.status()",
  },
};
/** Errors of servers are numbers. */
const SERVER_NUMBER = /^[1-9][0-9]{0,5}$/;
/** A member that is not the primary any more, or not yet, says so with one of these. */
const NOT_PRIMARY: ReadonlySet<string> = new Set(["10107", "13435", "10058", "189", "11602"]);

const Settings = MongoSettings.extend(HeartbeatSettings);
const Subject = Settings.omit({ password: true });

/** MongoDB's heartbeats: written to the primary, acknowledged by most of the set. */
export const mongoHeartbeat: HeartbeatPlugin = {
  isWanted: ({ heartbeatUser = "" }) => heartbeatUser !== "",
  open(raw, context, source) {
    const settings = Settings.parse(raw);
    const { addresses, heartbeatUser: user, heartbeatPassword: password } = settings;
    const login = { ...settings, user, password };
    return tryEach(addresses.map((address) => openMember(login, address, context, source)));
  },
  judge(outcome, raw) {
    const { addresses, heartbeatUser: user } = Subject.parse(raw);
    return judgeFailure(outcome, {
      ...{ address: addresses.join(", "), user, database: DATABASE, meanings: HEARTBEAT_MEANINGS },
      isEngineCode: (code) => SERVER_NUMBER.test(code),
    });
  },
};

function openMember(
  settings: MongoSettings,
  address: string,
  context: ProbeContext,
  source: string,
): HeartbeatSession {
  const limitMs = Math.max(1, Math.floor(context.accessTimeoutMs * SERVER_SHARE));
  const find: MongoDocument = {
    ...{ find: COLLECTION, filter: { _id: source }, limit: 1, singleBatch: true, maxTimeMS: limitMs },
    ...{ $db: DATABASE, $readPreference: { mode: "secondaryPreferred" } },
  };
  return keepHeartbeat(context, async (line) => {
    const exchange = await connectMongo(settings, address, context, line);
    const ask = async (command: MongoDocument) => requireOk((await exchange([command]))[0]);
    return {
      async write(seq) {
        const update = { $set: { seq }, $currentDate: { ts: true } };
        const reply = await ask({
          ...{
            update: COLLECTION,
            updates: [{ q: { _id: source }, u: update, upsert: true }],
            $db: DATABASE,
          },
          writeConcern: { w: "majority", wtimeout: limitMs },
        });
        requireWritten(reply);
      },
      read: async () => readSeq(await ask(find)),
      // Whether it may write shows only when it does.
      check: () => ask(find),
    };
  });
}

/** A write that was refused, or not confirmed by most members, is told inside of an answer that is well. */
function requireWritten({ writeErrors, writeConcernError }: MongoDocument): void {
  const [first] = Array.isArray(writeErrors) ? (writeErrors as unknown[]) : [writeConcernError];
  if (typeof first !== "object" || first === null) return;
  const { code, errmsg } = first as { readonly code?: unknown; readonly errmsg?: unknown };
  throw createError(String(code), String(errmsg));
}

function readSeq({ cursor }: MongoDocument): number | null {
  const { firstBatch = [] } = (cursor ?? {}) as {
    readonly firstBatch?: readonly { readonly seq?: unknown }[];
  };
  const held = Number(firstBatch[0]?.seq ?? Number.NaN);
  return Number.isSafeInteger(held) ? held : null;
}

/** Asks the member that answered last, and the others where that one is not the primary or is gone. */
function tryEach(members: readonly HeartbeatSession[]): HeartbeatSession {
  let at = 0;
  const current = () => members[at % members.length] ?? members[0];
  async function ask<Result>(call: (member: HeartbeatSession) => Promise<Result>): Promise<Result> {
    let failure: unknown = new Error("there is no member to ask");
    for (let tried = 0; tried < members.length; tried += 1) {
      const member = current();
      if (member === undefined) break;
      try {
        return await call(member);
      } catch (error) {
        failure = error;
        // Who answers with anything else than its role is the one to listen to.
        if (member.isLoggedIn() && !NOT_PRIMARY.has(String((error as { code?: unknown }).code))) break;
        at += 1;
      }
    }
    throw failure;
  }
  return {
    isLoggedIn: () => current()?.isLoggedIn() === true,
    write: (seq) => ask((member) => member.write(seq)),
    read: () => ask((member) => member.read()),
    check: () => ask((member) => member.check()),
    destroy() {
      for (const member of members) member.destroy();
    },
  };
}
