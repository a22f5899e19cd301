import type { ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import { parseAddress } from "./address.ts";
import { createError, type Line } from "./keep-connection.ts";
import { keepInspected } from "./keep-inspected.ts";
import { inspectRedis } from "./redis-facts.ts";
import { AUTH_REFUSED, MAX_CLIENTS } from "./redis-meanings.ts";
import { encodeCommands, isRespError, type RespReply } from "./resp.ts";
import { createExchange, type Exchange } from "./resp-exchange.ts";
import { connectLine } from "./secure-line.ts";
import type { TlsSettings } from "./tls.ts";

/** Whom a session logs in as, and whether it is encrypted. */
export interface RedisLogin extends TlsSettings {
  /** Empty: the default user. */
  readonly user: string;
  /** With an empty user too: no login at all. */
  readonly password: string;
}

/** What a session asks at each probe, and how its replies are read. */
export interface RedisQuestion {
  readonly commands: readonly (readonly string[])[];
  /** May throw an error reply with its code. */
  read(replies: readonly RespReply[]): unknown;
}

/** The role says whether writes are taken, INFO what will soon stop them. */
const SERVER_COMMANDS = [["PING"], ["ROLE"], ["INFO", "clients"], ["INFO", "persistence"]];

/** Asks a server. The sample is `{role, replicas, link, clients, persistence}`. */
export const ASK_SERVER: RedisQuestion = { commands: SERVER_COMMANDS, read: readServer };

/** Asks a node of a cluster: as {@link ASK_SERVER}, with `{info, nodes}`, null where it is none. */
export const ASK_NODE: RedisQuestion = {
  commands: [...SERVER_COMMANDS, ["CLUSTER", "INFO"], ["CLUSTER", "NODES"]],
  read(replies) {
    const [info, nodes] = replies.slice(SERVER_COMMANDS.length);
    requireAllowed([info, nodes]);
    return { ...readServer(replies), info: readText(info), nodes: readText(nodes) };
  },
};

/**
 * Opens the session of one server.
 *
 * @param login whom to log in as
 * @param address the server's
 * @param context the agent's surroundings
 * @param question what to ask; all of it in one go
 */
export function openRedisServer(
  login: RedisLogin,
  address: string,
  context: ProbeContext,
  { commands, read }: RedisQuestion,
): ProbeSession {
  const question = encodeCommands(commands);
  return keepInspected(context, async (line) => {
    const exchange = await connectRedis(login, address, line, context);
    return {
      probe: async () => read(await exchange(question, commands.length).catch(nameRefusal)),
      inspect: () => inspectRedis(exchange),
    };
  });
}

/**
 * Connects and logs in over a session's socket.
 *
 * @param login whom to log in as
 * @param address the server's
 * @param line the session's socket
 * @param context the agent's surroundings
 * @returns what asks
 */
export async function connectRedis(
  login: RedisLogin,
  address: string,
  line: Line,
  context: ProbeContext,
): Promise<Exchange> {
  const exchange = createExchange(await connectLine(line, address, login, context));
  await logIn(exchange, login);
  return exchange;
}

async function logIn(exchange: Exchange, { user, password }: RedisLogin): Promise<void> {
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

function readServer([, role, clients, persistence]: readonly RespReply[]) {
  if (isRespError(role)) throw createError(role.code, role.message);
  requireAllowed([clients, persistence]);
  return { ...readRole(role), clients: readText(clients), persistence: readText(persistence) };
}

/** A master tells its replicas, a replica its master and the state of the link to it. */
function readRole(reply: RespReply | undefined) {
  const [role, second, third, state] = Array.isArray(reply) ? (reply as readonly RespReply[]) : [reply];
  return {
    role,
    replicas: role === "master" && Array.isArray(third) ? third.length : null,
    master: role === "slave" ? joinAddress(second, third) : null,
    link: role === "slave" && typeof state === "string" && /^\w{1,20}$/.test(state) ? state : null,
  };
}

/**
 * Makes an address of the two elements that Redis tells it with.
 *
 * @returns `host:port`, IPv6 in brackets; null where they make none
 */
export function joinAddress(host: RespReply | undefined, port: RespReply | undefined): string | null {
  if (typeof host !== "string" || host === "" || port === null || typeof port === "object") return null;
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return parseAddress(address) === null ? null : address;
}

/** Commands that a server lacks are done without; those that it forbids are told. */
function requireAllowed(replies: readonly (RespReply | undefined)[]): void {
  for (const reply of replies) {
    if (isRespError(reply) && reply.code === "NOPERM") throw createError(reply.code, reply.message);
  }
}

function readText(reply: RespReply | undefined): string | null {
  return typeof reply === "string" ? reply : null;
}
