import { z } from "zod";
import { callEtcd, type EtcdAnswer } from "./etcd-gateway.ts";

/** Accounts of the lab's etcd and what they may do below which prefixes. */
const ROLES = [
  { name: "agent", prefixes: ["/evenkeel/", "/mas-monitor/"], permission: "READWRITE" },
  { name: "sdk", prefixes: ["/evenkeel/", "/mas-monitor/"], permission: "READ" },
] as const;

/** Passwords of etcd's accounts. */
export interface EtcdPasswords {
  readonly root: string;
  readonly agent: string;
  readonly sdk: string;
}

const anything = z.unknown();
const tokenSchema = z.object({ token: z.string() });
const listSchema = z.object({ roles: z.array(z.string()).optional(), users: z.array(z.string()).optional() });

const NOT_ENABLED = "authentication is not enabled";
const KNOWN_ALREADY = ["already exists", "already enabled", "is already granted"];

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** The end of the range of all keys with a prefix: the prefix with its last byte one higher. */
function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

function requireSuccess<Body>(what: string, answer: EtcdAnswer<Body>): Body {
  if (answer.ok) return answer.body;
  throw new Error(`etcd refused ${what}: ${answer.message} (${answer.status}).`);
}

/** Logs the administrator in. @returns undefined while authentication is not enabled yet */
async function logIn(endpoint: string, password: string): Promise<string | undefined> {
  const answer = await callEtcd(endpoint, "auth/authenticate", { name: "root", password }, tokenSchema);
  if (!answer.ok && answer.message.includes(NOT_ENABLED)) return undefined;
  return requireSuccess("the administrator's login", answer).token;
}

function grantRequest(name: string, prefix: string, permType: string) {
  return { name, perm: { permType, key: encode(prefix), range_end: encode(prefixEnd(prefix)) } };
}

/** The steps that make all accounts. Each may have been done before, by a start that was interrupted. */
function listSteps(passwords: EtcdPasswords): { path: string; request: unknown }[] {
  const user = (name: string, password: string) => [
    { path: "auth/user/add", request: { name, password } },
    { path: "auth/user/changepw", request: { name, password } },
  ];
  const roles = ROLES.flatMap(({ name, prefixes, permission }) => [
    { path: "auth/role/add", request: { name } },
    ...prefixes.map((prefix) => ({
      path: "auth/role/grant",
      request: grantRequest(name, prefix, permission),
    })),
    ...user(name, passwords[name]),
    { path: "auth/user/grant", request: { user: name, role: name } },
  ]);
  return [
    ...roles,
    { path: "auth/role/add", request: { name: "root" } },
    ...user("root", passwords.root),
    { path: "auth/user/grant", request: { user: "root", role: "root" } },
    { path: "auth/enable", request: {} },
  ];
}

/**
 * Makes sure that the cluster has its accounts and refuses everybody else.
 * @param endpoint any member of a cluster with a quorum
 * @throws when etcd refuses a step, or refuses our administrator (the data belongs to another lab then)
 */
export async function ensureAccounts(endpoint: string, passwords: EtcdPasswords): Promise<void> {
  const token = await logIn(endpoint, passwords.root);
  if (token !== undefined) {
    // Authentication is the last step: where it is on, all the others were done. Asking proves that root may.
    requireSuccess("a list of users", await callEtcd(endpoint, "auth/user/list", {}, listSchema, { token }));
    return;
  }
  for (const { path, request } of listSteps(passwords)) {
    const answer = await callEtcd(endpoint, path, request, anything);
    const done = answer.ok || KNOWN_ALREADY.some((words) => answer.message.includes(words));
    if (!done) requireSuccess(path, answer);
  }
}

/**
 * Lets the SDK's account write below a prefix; it may read everything of ours already.
 * @param endpoint any member of a cluster with a quorum
 * @param rootPassword the administrator's
 * @param prefix where its applications register their processes
 * @throws when etcd refuses
 */
export async function letSdkWrite(endpoint: string, rootPassword: string, prefix: string): Promise<void> {
  const token = await logIn(endpoint, rootPassword);
  const request = grantRequest("sdk", prefix, "READWRITE");
  requireSuccess(
    `the right to register below ${prefix}`,
    await callEtcd(endpoint, "auth/role/grant", request, anything, token === undefined ? {} : { token }),
  );
}
