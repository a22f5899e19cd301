import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { createAddressesSchema, readAddress } from "../address.ts";
import { DATABASE_TIMING } from "../default-timing.ts";
import { HEARTBEAT_SETTING, HeartbeatCommon, HeartbeatSecret } from "../heartbeat-settings.ts";
import { judgeAddresses } from "../judge-addresses.ts";
import { judgeFailure } from "../judge-failure.ts";
import { judgeMongoAnswer } from "../judge-mongo-answer.ts";
import { keepAddresses } from "../keep-addresses.ts";
import { MONGO_HEARTBEAT_ACCOUNT, mongoHeartbeat } from "../mongo-heartbeat.ts";
import { MONGO_MEANINGS } from "../mongo-meanings.ts";
import { MongoSettings, openMongoSession } from "../mongo-session.ts";
import { renderSdkCode } from "../sdk-code.ts";
import { createSettings, describeSetting } from "../settings.ts";
import { SqlCommon, SqlSecret } from "../sql-settings.ts";
import { Tls } from "../tls.ts";

const PORT = 27017;
const NAME_MAX = 64;

const Common = createSettings({
  ...SqlCommon.shape,
  authDatabase: z
    .string("must be a name")
    .trim()
    .min(1, "must not be empty")
    .max(NAME_MAX, `must have at most ${NAME_MAX} characters`)
    .default("admin")
    .meta(
      describeSetting(
        ["Account's database", "账号所在库"],
        ["The database that holds the account (authSource).", "账号所在的数据库（authSource）。"],
      ),
    ),
  ...HeartbeatCommon,
});
const Target = createSettings({
  addresses: createAddressesSchema(PORT, [
    "Members of the replica set, routers, or one server, as the agents reach them; each is asked and shown on its own.",
    "代理访问所用的副本集成员、mongos 或单机地址，逐个探测并显示。",
  ]),
  tls: Tls,
});

/** What a judgement and a route read of the settings. */
const Subject = MongoSettings.omit({ password: true, tls: true });

/** Errors of servers are numbers. */
const SERVER_NUMBER = /^[1-9][0-9]{0,5}$/;

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = MongoSettings.parse(raw);
  const openOne = (address: string, own: ProbeContext) => openMongoSession(settings, address, own);
  return keepAddresses(context, settings.addresses, openOne, MONGO_MEANINGS);
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  const settings = Subject.parse(raw);
  const { addresses, user, monitoredDatabase: database } = settings;
  return judgeAddresses(outcome, addresses, (one, address) => {
    if (one.type === "answered") return judgeMongoAnswer(one, address);
    const subject = { address, user, database, meanings: MONGO_MEANINGS };
    return judgeFailure(one, { ...subject, isEngineCode: (code) => SERVER_NUMBER.test(code) });
  });
}

/** MongoDB from version 4.4.2 on: replica sets, sharded clusters and single servers. */
export const mongodb: MonitorPlugin = {
  kind: "mongodb",
  title: { en: "MongoDB", "zh-CN": "MongoDB" },
  defaultPort: PORT,
  switchable: true,
  hasRoute: true,
  sdk: {
    algorithms: ["single-read-write"],
    readsReplicas: false,
    measuresStaleness: false,
    driver: "mongodb",
    code: renderSdkCode({
      entry: "mongo",
      opener: "openMongo",
      gives: "db",
      ask: 'const order = await db().collection<{ _id: string }>("orders").findOne({ _id: id });',
    }),
  },
  drivers: ["bson"],
  defaults: DATABASE_TIMING,
  common: Common,
  target: Target,
  beside: [HEARTBEAT_SETTING],
  secret: createSettings({ ...SqlSecret.shape, ...HeartbeatSecret }),
  account: `// mongosh, once per data centre
db.getSiblingDB("admin").createUser({
  user: "evenkeel_probe", pwd: "…", mechanisms: ["SCRAM-SHA-256"],
  roles: [{ role: "read", db: "evenkeel_probe" }]
})
// Optional, to see connections and write blocks: { role: "clusterMonitor", db: "admin" }
// Optional, for heartbeats: an account of its own that writes one document per agent, on the active side only
${MONGO_HEARTBEAT_ACCOUNT}`,
  proof:
    "Login, heartbeats, wrong passwords, crashes and hangs were proven against FerretDB 1.24.2, which speaks MongoDB's protocol; roles, write blocks, lost majorities, missing rights and TLS against a server of our own that answers as MongoDB's manual says. MongoDB itself, replica sets that elect, and sharded clusters were not run.",
  codes: MONGO_MEANINGS,
  example: {
    common: {
      user: "evenkeel_probe",
      monitoredDatabase: "evenkeel_probe",
      connectedDatabases: ["shop"],
      authDatabase: "admin",
    },
    target: { addresses: [`192.0.2.10:${PORT}`, `192.0.2.11:${PORT}`], tls: { mode: "require" } },
    secret: { password: "example-password" },
  },
  open,
  source(raw) {
    const { addresses, connectedDatabases } = Subject.parse(raw);
    const [first = ""] = addresses;
    return { ...readAddress(first), addresses, databases: connectedDatabases, hasUser: true };
  },
  heartbeat: mongoHeartbeat,
  judge,
};
