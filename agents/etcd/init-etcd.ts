import type { RouteStoreOptions } from "@evenkeel/route-store/options";
import { agentUser, listAccounts, sdkUser } from "./account-wishes.ts";
import { openAdmin } from "./etcd-admin.ts";
import { ClusterAwayError, keepAccounts, passwordFile } from "./keep-accounts.ts";
import { AUTHORITY, CLIENT, keepCertificates } from "./keep-certificates.ts";
import { type KeptFiles, openFiles } from "./keep-files.ts";
import type { InitOptions } from "./read-init-options.ts";
import { renderMembers } from "./render-members.ts";

/** File with the body of `evenkeel store set main`. */
export const STORE_FILE = "store.json";

/** How far it came. `waiting`: the members have to be started, then the same command goes on. */
export type InitOutcome = "complete" | "waiting";

/**
 * Sets up an etcd cluster for an instance: certificates, then, once its members answer, users, roles and authentication.
 * Doing it again changes nothing; after a crash, or with one more application, it does what is missing.
 *
 * @param options what to set up
 * @param print gets the lines for the operator; never a secret
 * @throws Error in one line about what has to be mended by hand
 */
export async function initEtcd(options: InitOptions, print: (line: string) => void): Promise<InitOutcome> {
  const files = await openFiles(options.directory);
  const isSecure = options.endpoints.every((url) => url.protocol === "https:");
  if (isSecure) {
    const hosts = options.endpoints.map((url) => url.hostname.replace(/^\[|\]$/g, ""));
    const { issued } = await keepCertificates(files, hosts, Date.now());
    for (const name of issued) print(`issued ${files.pathOf(`${name}.pem`)}`);
  }
  const tls = isSecure ? await readTls(files) : undefined;
  const admin = openAdmin(
    options.endpoints.map((url) => url.origin),
    tls,
  );
  try {
    for (const line of await keepAccounts(admin, files, listAccounts(options))) print(line);
  } catch (error) {
    if (!(error instanceof ClusterAwayError)) throw error;
    printMembers(options, files, print);
    print(`no member answers yet (${error.message}): start them so, then run this again`);
    return "waiting";
  } finally {
    admin.close();
  }
  if (await files.write(STORE_FILE, await renderStore(options, files, tls)))
    print(`wrote ${files.pathOf(STORE_FILE)}`);
  printMembers(options, files, print);
  printNext(options, files, print);
  return "complete";
}

async function readTls(files: KeptFiles): Promise<NonNullable<RouteStoreOptions["tls"]>> {
  const [ca, cert, key] = [`${AUTHORITY}.pem`, `${CLIENT}.pem`, `${CLIENT}.key`].map(files.read);
  return { ca: (await ca) ?? "", cert: (await cert) ?? "", key: (await key) ?? "" };
}

async function renderStore(
  { endpoints, instance, masMirror }: InitOptions,
  files: KeptFiles,
  tls: RouteStoreOptions["tls"],
): Promise<string> {
  const user = agentUser(instance);
  const store = {
    endpoints: endpoints.map((url) => url.origin),
    user,
    password: (await files.read(passwordFile(user)))?.trim(),
    ...(tls === undefined ? {} : { caPem: tls.ca, clientCertPem: tls.cert, clientKeyPem: tls.key }),
    masMirror,
  };
  return `${JSON.stringify(store, null, 2)}\n`;
}

function printMembers(options: InitOptions, files: KeptFiles, print: (line: string) => void): void {
  print("# each member, on its own machine with its own certificate and data directory;");
  print("# --election-timeout is to be 10 times the longest round trip between members, or more");
  for (const line of renderMembers(files, options.endpoints, `evenkeel-${options.instance}`)) print(line);
}

function printNext(options: InitOptions, files: KeptFiles, print: (line: string) => void): void {
  const { instance, endpoints, applications } = options;
  print("# the agents' part, once they are enrolled");
  print(`evenkeel store set main --instance ${instance} --data @${files.pathOf(STORE_FILE)}`);
  const isSecure = endpoints.every((url) => url.protocol === "https:");
  for (const application of applications) {
    const user = sdkUser(application);
    print(`# the SDK's part in ${application}; ETCD_PASSWORD is in ${files.pathOf(passwordFile(user))}`);
    print("etcd:");
    print(`  address: ${endpoints.map((url) => url.host).join(",")}`);
    print(`  httpsEnable: ${isSecure}`);
    print(`  username: ${user}`);
    print(`  password: ${"${"}ETCD_PASSWORD}`);
    if (!isSecure) continue;
    print(`  certificatePath: ${files.pathOf(`${AUTHORITY}.pem`)}`);
    print(`  clientCertificatePath: ${files.pathOf(`${CLIENT}.pem`)}`);
    print(`  clientKeyPath: ${files.pathOf(`${CLIENT}.key`)}`);
  }
}
