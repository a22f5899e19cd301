import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { createAddressSchema, readAddress } from "../address.ts";
import { judgeConnections } from "../connection-share.ts";
import { DATABASE_TIMING } from "../default-timing.ts";
import { judgeFailure, judgeStranger, judgeUp } from "../judge-failure.ts";
import { createError, keepConnection } from "../keep-connection.ts";
import type { Meaning, Meanings } from "../meaning.ts";
import { encodeCommands, isRespError, type RespReply } from "../resp.ts";
import { createExchange, NOT_RESP } from "../resp-exchange.ts";
import { createSettings, describeSecret, describeSetting } from "../settings.ts";

const PORT = 6379;
const NAME_MAX = 100;
const PASSWORD_MAX = 512;

const Common = createSettings({
  algorithm: z
    .literal("single-read-write", "only single-read-write is served so far: choose it")
    .default("single-read-write")
    .meta(describeSetting(["Routing algorithm", "路由算法"])),
  mode: z
    .literal("normal", "only stand-alone servers are monitored so far: choose normal")
    .default("normal")
    .meta(describeSetting(["Mode", "模式"])),
});
const Target = createSettings({
  address: createAddressSchema(PORT),
  user: z
    .string("must be a name")
    .trim()
    .max(NAME_MAX, `must have at most ${NAME_MAX} characters`)
    .optional()
    .meta(
      describeSetting(
        ["User", "用户"],
        [
          "The monitor's own account in the server's ACL; empty: the default user.",
          "服务器 ACL 中的监控账号；留空则为默认用户。",
        ],
      ),
    ),
});
const Secret = createSettings({
  password: z
    .string("must be a text")
    .max(PASSWORD_MAX, `must have at most ${PASSWORD_MAX} characters`)
    .optional()
    .meta(describeSecret(["Password", "密码"], ["Empty: the server asks for none.", "留空表示免密访问。"])),
});
const Settings = z.object({
  address: z.string(),
  user: z.string().default(""),
  password: z.string().default(""),
});

/** `+ping +role +info` suffice. The role says whether writes are taken, INFO what will soon stop them. */
const COMMANDS = [["PING"], ["ROLE"], ["INFO", "clients"], ["INFO", "persistence"]];
const QUESTION = encodeCommands(COMMANDS);

/** The first element of ROLE's reply, and the texts of INFO; null where the server has no such command. */
const Sample = z.object({
  role: z.string(),
  clients: z.string().nullable(),
  persistence: z.string().nullable(),
});

/** The server has as many clients as it takes; it says so with the code of any error. */
const MAX_CLIENTS = "MAXCLIENTS";
/** The server does not take AUTH as we send it; it says so with the code of any error. */
const AUTH_REFUSED = "AUTH_REFUSED";

const denied = (advice: string): Meaning => ({ verdict: "config", reason: "auth-failed", advice });
const starting: Meaning = { verdict: "down", reason: "starting" };
const full: Meaning = { verdict: "degraded", reason: "saturated" };

/** Error codes of Redis (the first word of an error reply) that say more than that the server answered. */
const MEANINGS: Meanings = {
  WRONGPASS: denied("check user and password: ACL SETUSER {user} on >…"),
  NOAUTH: denied("the server wants a password: enter it"),
  [AUTH_REFUSED]: denied("the server has no password or no users: leave password or user empty"),
  NOPERM: {
    verdict: "config",
    reason: "permission-denied",
    advice: "ACL SETUSER {user} +ping +role +info",
  },
  DENIED: {
    verdict: "config",
    reason: "permission-denied",
    advice: "the server is in protected mode: give it a password, or bind and protected-mode no",
  },
  LOADING: starting,
  MASTERDOWN: starting,
  [MAX_CLIENTS]: { ...full, advice: "raise maxclients, or find who holds connections in CLIENT LIST" },
  OOM: { ...full, advice: "the server has used its maxmemory" },
  BUSY: { ...full, advice: "a script runs for too long: SCRIPT KILL" },
  MISCONF: { verdict: "degraded", reason: "disk-full", advice: "the server cannot save to disk: free space" },
  READONLY: { verdict: "read_only", reason: "read-only" },
};
/** Codes of error replies are capitals. */
const ERROR_CODE = /^[A-Z][A-Z0-9]*$/;
/** Node's codes look alike; they begin with an E and the server's few that do are in {@link ENGINE_E}. */
const SYSTEM_CODE = /^E[A-Z]/;
const ENGINE_E: ReadonlySet<string> = new Set(["ERR", "EXECABORT"]);

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = Settings.parse(raw);
  return keepConnection(context, async (line) => {
    line.socket.connect(readAddress(settings.address));
    const exchange = createExchange(line);
    await login(exchange, settings);
    return async () => readSample(await exchange(QUESTION, COMMANDS.length).catch(nameRefusal));
  });
}

async function login(
  exchange: (commands: string, count: number) => Promise<readonly RespReply[]>,
  { user, password }: z.infer<typeof Settings>,
): Promise<void> {
  if (user === "" && password === "") return;
  const auth = encodeCommands([["AUTH", ...(user === "" ? [] : [user]), password]]);
  await exchange(auth, 1)
    .catch(nameRefusal)
    .catch((error: Error & { code?: string }) => {
      throw error.code === "ERR" ? createError(AUTH_REFUSED, error.message) : error;
    });
}

/** A full server's refusal has no code of its own. */
function nameRefusal(error: Error): never {
  throw /max number of clients/i.test(error.message) ? createError(MAX_CLIENTS, error.message) : error;
}

function readSample([, role, clients, persistence]: readonly RespReply[]): unknown {
  for (const reply of [role, clients, persistence]) {
    if (isRespError(reply) && (reply === role || reply.code === "NOPERM"))
      throw createError(reply.code, reply.message);
  }
  const readText = (reply: RespReply | undefined) => (typeof reply === "string" ? reply : null);
  const name = Array.isArray(role) ? (role as readonly RespReply[])[0] : role;
  return { role: name, clients: readText(clients), persistence: readText(persistence) };
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  const address = String(raw.address);
  if (outcome.type !== "answered") {
    return judgeFailure(outcome, {
      address,
      user: typeof raw.user === "string" && raw.user !== "" ? raw.user : "default",
      meanings: MEANINGS,
      isEngineCode: (code) =>
        code !== NOT_RESP && ERROR_CODE.test(code) && (ENGINE_E.has(code) || !SYSTEM_CODE.test(code)),
    });
  }
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined) return judgeStranger("Redis", address);
  if (sample.role === "sentinel") {
    const advice = "enter the address of a server, not of a sentinel";
    return { verdict: "config", reason: "bad-settings", words: `${address} is a sentinel`, advice };
  }
  if (sample.role !== "master")
    return { verdict: "read_only", reason: "read-only", words: `the role of ${address} is ${sample.role}` };
  return judgeInfo(sample) ?? judgeUp(outcome.latencyMs, "role master");
}

/** Both say `ok` or `err`; after an `err` the server refuses writes unless it is told not to. */
const FAILED_SAVE = /^(rdb_last_bgsave_status|aof_last_write_status):err/m;
const CONNECTED = /^connected_clients:(\d+)/m;
const LIMIT = /^maxclients:(\d+)/m;

function judgeInfo({ clients, persistence }: z.infer<typeof Sample>): Judgement | null {
  const failed = FAILED_SAVE.exec(persistence ?? "")?.[1];
  if (failed !== undefined) {
    return {
      verdict: "degraded",
      reason: "disk-full",
      words: `the server could not save to disk (${failed}:err) and may refuse writes`,
      advice: "look into the server's log; a full disk and missing rights are usual causes",
    };
  }
  // Servers before 7.0 do not tell their limit.
  return judgeConnections(Number(CONNECTED.exec(clients ?? "")?.[1]), Number(LIMIT.exec(clients ?? "")?.[1]));
}

/** Redis, Valkey and what speaks their protocol; stand-alone servers. */
export const redis: MonitorPlugin = {
  kind: "redis",
  title: { en: "Redis", "zh-CN": "Redis" },
  defaultPort: PORT,
  switchable: true,
  hasRoute: true,
  masService: "dcs",
  defaults: DATABASE_TIMING,
  common: Common,
  target: Target,
  secret: Secret,
  account: "ACL SETUSER evenkeel_probe on >… resetkeys resetchannels -@all +ping +role +info",
  codes: MEANINGS,
  example: {
    common: { algorithm: "single-read-write", mode: "normal" },
    target: { address: `192.0.2.10:${PORT}`, user: "evenkeel_probe" },
    secret: { password: "example-password" },
  },
  open,
  source(raw) {
    const { address, user } = Settings.parse(raw);
    return { ...readAddress(address), database: undefined, hasUser: user !== "" };
  },
  judge,
};
