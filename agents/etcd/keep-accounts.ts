import { randomBytes } from "node:crypto";
import { prefixEnd, toWire } from "@evenkeel/route-store/wire-encoding";
import { z } from "zod";
import { type Account, ROOT } from "./account-wishes.ts";
import type { AdminAnswer, EtcdAdmin } from "./etcd-admin.ts";
import type { KeptFiles } from "./keep-files.ts";

/** So random that the cheapest bcrypt cost protects it. */
const PASSWORD_BYTES = 24;

/** The cluster cannot be asked now; the run can be repeated. */
export class ClusterAwayError extends Error {}

/** @returns name of the file that holds a user's password */
export const passwordFile = (user: string): string => `${user}.password`;

const RoleAnswer = z.object({
  // The gateway leaves out what is zero: a permission without a type is READ.
  perm: z
    .array(
      z.object({ permType: z.string().default("READ"), key: z.string(), range_end: z.string().default("") }),
    )
    .default([]),
});
const UserAnswer = z.object({ roles: z.array(z.string()).default([]) });

/**
 * Makes users, roles and rights that are missing, and turns authentication on last, so that a run that broke off can be
 * gone on with. Passwords are in their files before etcd knows them. What exists beyond is left alone.
 *
 * @param admin the cluster
 * @param files where the passwords are kept
 * @param accounts the accounts beside root's
 * @returns what was done, a line for each
 * @throws ClusterAwayError if no member answers; Error in one line about what has to be mended by hand
 */
export async function keepAccounts(
  admin: EtcdAdmin,
  files: KeptFiles,
  accounts: readonly Account[],
): Promise<string[]> {
  const done: string[] = [];
  const isOn = await logInAsRoot(admin, files);
  for (const account of [{ name: ROOT, rights: [] }, ...accounts]) {
    await keepRole(admin, account, done);
    await keepUser(admin, files, account.name, done);
  }
  if (!isOn) {
    await must(admin.call("/v3/auth/enable", {}), "turning authentication on");
    done.push("authentication is on");
  }
  for (const { name } of accounts) await checkLogin(admin, files, name);
  return done;
}

/** @returns true if authentication is on */
async function logInAsRoot(admin: EtcdAdmin, files: KeptFiles): Promise<boolean> {
  const password = await files.read(passwordFile(ROOT));
  const failure = await admin.logIn(ROOT, password?.trim() ?? "");
  if (failure === null) return true;
  if (/authentication is not enabled/.test(failure.words)) return false;
  if (failure.kind === "away") throw new ClusterAwayError(failure.words);
  const path = files.pathOf(passwordFile(ROOT));
  throw new Error(
    password === null
      ? `authentication is on already: put root's password into ${path}`
      : `${path} is not root's password (${failure.words})`,
  );
}

async function keepRole(admin: EtcdAdmin, { name, rights }: Account, done: string[]): Promise<void> {
  const added = await admin.call("/v3/auth/role/add", { name });
  // One that exists may be ours from a run that broke off.
  if (!isExisting(added)) {
    await must(added, `adding the role ${name}`);
    done.push(`added the role ${name}`);
  }
  if (rights.length === 0) return;
  const role = await must(admin.call("/v3/auth/role/get", { role: name }), `reading the role ${name}`);
  const { perm } = RoleAnswer.parse(role);
  for (const { prefix, type } of rights) {
    const wanted = { permType: type, key: toWire(prefix), range_end: prefixEnd(prefix) };
    const isThere = perm.some(
      (one) => one.permType === type && one.key === wanted.key && one.range_end === wanted.range_end,
    );
    if (isThere) continue;
    await must(admin.call("/v3/auth/role/grant", { name, perm: wanted }), `granting ${prefix} to ${name}`);
    done.push(`granted ${type} on ${prefix} to ${name}`);
  }
}

async function keepUser(admin: EtcdAdmin, files: KeptFiles, name: string, done: string[]): Promise<void> {
  const known = await admin.call("/v3/auth/user/get", { name });
  const isKnown = !(known.kind === "refused" && /user name not found/.test(known.words));
  const { roles } = isKnown ? UserAnswer.parse(await must(known, `reading the user ${name}`)) : { roles: [] };
  let password = await files.read(passwordFile(name));
  if (password === null) {
    const path = files.pathOf(passwordFile(name));
    if (isKnown)
      throw new Error(`the user ${name} exists already: put its password into ${path}, or delete the user`);
    password = `${randomBytes(PASSWORD_BYTES).toString("base64url")}\n`;
    await files.write(passwordFile(name), password);
  }
  if (!isKnown) {
    const added = await admin.call("/v3/auth/user/add", { name, password: password.trim() });
    if (!isExisting(added)) await must(added, `adding the user ${name}`);
    done.push(`added the user ${name}`);
  }
  if (roles.includes(name)) return;
  await must(admin.call("/v3/auth/user/grant", { user: name, role: name }), `granting its role to ${name}`);
}

async function checkLogin(admin: EtcdAdmin, files: KeptFiles, name: string): Promise<void> {
  const password = (await files.read(passwordFile(name)))?.trim() ?? "";
  const failure = await admin.logIn(name, password);
  if (failure?.kind === "away") throw new ClusterAwayError(failure.words);
  if (failure !== null) {
    const path = files.pathOf(passwordFile(name));
    throw new Error(
      `${path} is not the password of ${name} (${failure.words}): correct it, or delete the user`,
    );
  }
}

function isExisting(answer: AdminAnswer): boolean {
  return answer.kind === "refused" && /name already exists/.test(answer.words);
}

async function must(pending: AdminAnswer | Promise<AdminAnswer>, what: string): Promise<unknown> {
  const answer = await pending;
  if (answer.kind === "done") return answer.body;
  if (answer.kind === "away") throw new ClusterAwayError(`${what}: ${answer.words}`);
  throw new Error(`${what} was refused: ${answer.words}`);
}
