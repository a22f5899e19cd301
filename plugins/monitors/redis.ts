import type * as Net from "node:net";
import type { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { createAddressSchema, readAddress } from "../address.ts";
import { judgeFailure, judgeUp, type Meanings } from "../judge-failure.ts";
import { once } from "../once.ts";
import { encodeCommand, isRespError, parseReply, type RespReply } from "../resp.ts";

const PORT = 6379;

const Common = z.strictObject({
  algorithm: z
    .literal("single-read-write", "only single-read-write is served so far")
    .default("single-read-write")
    .meta({ title: "Routing algorithm" }),
  mode: z
    .literal("normal", "only stand-alone servers (normal) are monitored so far")
    .default("normal")
    .meta({ title: "Mode" }),
});
const Target = z.strictObject({
  address: createAddressSchema(PORT),
  user: z
    .string()
    .trim()
    .max(100)
    .optional()
    .meta({ title: "User", description: "Name in the ACL; empty: the default user." }),
});
const Secret = z.strictObject({
  password: z.string().max(200).optional().meta({ title: "Password", secret: true }),
});
const Settings = z.object({
  address: z.string(),
  user: z.string().optional(),
  password: z.string().optional(),
});

/** Replies to PING, ROLE and INFO replication, in this order. */
const Sample = z.object({ ping: z.string(), role: z.array(z.unknown()).min(1) });

/** Error codes of Redis (first word of an error reply) that say more than that the server answered. */
const MEANINGS: Meanings = {
  WRONGPASS: { verdict: "config", reason: "auth-failed", advice: "check user and password: ACL SETUSER …" },
  NOAUTH: { verdict: "config", reason: "auth-failed", advice: "the server wants a password" },
  NOPERM: {
    verdict: "config",
    reason: "permission-denied",
    advice: "ACL SETUSER <user> +ping +info +role +get ~mas:probe*",
  },
  LOADING: { verdict: "down", reason: "starting" },
  MASTERDOWN: { verdict: "down", reason: "starting" },
  BUSY: { verdict: "degraded", reason: "saturated" },
  MISCONF: { verdict: "degraded", reason: "disk-full", advice: "the server cannot save to disk" },
  OOM: { verdict: "degraded", reason: "saturated" },
  READONLY: { verdict: "read_only", reason: "read-only" },
};
const FULL = /max number of clients/i;
/** Codes of error replies are capitals. */
const ERROR_CODE = /^[A-Z][A-Z0-9]*$/;
/** Codes of Node's own errors look alike; they begin so. */
const SYSTEM_CODE = /^(E[A-Z]+|ERR_|UND_)/;

/** An error reply, or a broken conversation, as an error with a code. */
function fail(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

function open(raw: Record<string, unknown>, context: ProbeContext): ProbeSession {
  const settings = Settings.parse(raw);
  let socket: Net.Socket | null = null;
  let destroyed = false;
  let received = "";
  let waiting: {
    count: number;
    resolve: (replies: RespReply[]) => void;
    reject: (error: Error) => void;
  } | null = null;
  const closed = once(() => {
    if (!destroyed) context.onClosed();
  });

  function breakOff(error: Error): void {
    const asked = waiting;
    waiting = null;
    asked?.reject(error);
    closed();
  }

  function receive(chunk: string): void {
    received += chunk;
    try {
      const replies: RespReply[] = [];
      let end = 0;
      for (let next = parseReply(received); next !== null; next = parseReply(received, end)) {
        replies.push(next.reply);
        end = next.end;
        if (waiting !== null && replies.length === waiting.count) break;
      }
      if (waiting === null || replies.length < waiting.count) return;
      received = received.slice(end);
      const asked = waiting;
      waiting = null;
      asked.resolve(replies);
    } catch (error) {
      breakOff(fail("BADANSWER", error instanceof Error ? error.message : String(error)));
    }
  }

  async function connect(): Promise<Net.Socket> {
    const net = await context.load<typeof Net>("node:net");
    const opened = net.connect({ ...readAddress(settings.address), noDelay: true });
    socket = opened;
    let cause: Error = fail("ECONNRESET", "the server closed the connection");
    opened.setEncoding("latin1");
    opened.on("data", (chunk) => receive(String(chunk)));
    opened.on("error", (error) => {
      cause = error;
    });
    // The server ends its side when it dies; without this the connection would stay half open.
    opened.on("end", () => opened.destroy());
    opened.on("close", () => breakOff(cause));
    if (destroyed) opened.destroy();
    return opened;
  }

  function ask(commands: readonly (readonly string[])[]): Promise<RespReply[]> {
    return new Promise((resolve, reject) => {
      waiting = { count: commands.length, resolve, reject };
      socket?.write(commands.map(encodeCommand).join(""));
    });
  }

  async function login(): Promise<void> {
    if (settings.password === undefined) return;
    const user = settings.user === undefined || settings.user === "" ? [] : [settings.user];
    const [reply] = await ask([["AUTH", ...user, settings.password]]);
    if (isRespError(reply)) throw fail(FULL.test(reply.message) ? "OOM" : reply.code, reply.message);
  }

  return {
    async probe() {
      if (socket === null) {
        await connect();
        await login();
      }
      const [ping, role] = await ask([["PING"], ["ROLE"]]);
      for (const reply of [ping, role])
        if (isRespError(reply)) throw fail(FULL.test(reply.message) ? "OOM" : reply.code, reply.message);
      return { ping, role };
    },
    destroy() {
      destroyed = true;
      socket?.destroy();
    },
  };
}

function judge(outcome: ProbeOutcome, raw: Record<string, unknown>): Judgement {
  if (outcome.type !== "answered") {
    const isEngineCode = (code: string) =>
      ERROR_CODE.test(code) && !SYSTEM_CODE.test(code) && code !== "BADANSWER";
    return judgeFailure(outcome, { address: String(raw.address), meanings: MEANINGS, isEngineCode });
  }
  const sample = Sample.safeParse(outcome.sample).data;
  if (sample === undefined)
    return { verdict: "down", reason: "bad-answer", words: "the answer is not Redis's" };
  const role = String(sample.role[0]);
  if (role !== "master")
    return { verdict: "read_only", reason: "read-only", words: `the server's role is ${role}` };
  return judgeUp(outcome.latencyMs, `role ${role}`);
}

/** Redis, Valkey and what speaks their protocol; stand-alone servers. */
export const redis: MonitorPlugin = {
  kind: "redis",
  title: { en: "Redis", "zh-CN": "Redis" },
  defaultPort: PORT,
  switchable: true,
  hasRoute: true,
  defaults: {
    retryIntervalMs: 3000,
    monitorTimeoutMs: 10_000,
    accessTimeoutMs: 3000,
    healthPrecision: 1,
    healthyThreshold: 1,
    unhealthyThreshold: 2,
    fastRefuse: false,
  },
  common: Common,
  target: Target,
  secret: Secret,
  example: {
    common: { algorithm: "single-read-write", mode: "normal" },
    target: { address: "192.0.2.10:6379", user: "evenkeel_probe" },
    secret: { password: "example-password" },
  },
  open,
  source(raw) {
    const settings = Settings.parse(raw);
    const hasUser = settings.user !== undefined && settings.user !== "";
    return { ...readAddress(settings.address), database: undefined, hasUser };
  },
  judge,
};
