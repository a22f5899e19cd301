import type * as Crypto from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";
import { readAddress } from "./address.ts";
import { describeOracleRole } from "./judge-oracle-answer.ts";
import { keepSession, type Life } from "./keep-connection.ts";
import { makeInspectable, type Questions } from "./keep-inspected.ts";
import { nameOracleError } from "./oracle-errors.ts";
import { ownSockets } from "./own-sockets.ts";
import { tellShown } from "./tell-certificate.ts";
import { TLS_MERGED } from "./tls.ts";
import { isEncrypted, requireReadable } from "./tls-options.ts";

/** Settings of an Oracle target, merged, as a session and a judge read them. */
export const OracleSettings = z.object({
  user: z.string(),
  password: z.string().default(""),
  monitoredDatabase: z.string(),
  connectedDatabases: z.array(z.string()),
  connectBy: z.enum(["service", "sid"]).default("service"),
  address: z.string(),
  ...TLS_MERGED,
});
/** Settings of an Oracle target, merged. */
export type OracleSettings = z.infer<typeof OracleSettings>;

/** What is used of the package `oracledb`, in its thin mode. */
interface OracleDriver {
  readonly OUT_FORMAT_OBJECT: number;
  getConnection(options: object): Promise<OracleConnection>;
}
interface OracleConnection {
  /** `19.3.0.0.0`. */
  readonly oracleServerVersionString?: string;
  execute(sql: string, binds: readonly unknown[], options: object): Promise<{ readonly rows?: unknown }>;
}

/** Two resources are asked for, one row each. */
const ROWS_MAX = 2;

/**
 * One statement asks for everything: how the database is open and in which role, whether ordinary accounts may log in,
 * and how much of its sessions and processes the instance has given away. Without a row for them the first line stays.
 */
const QUESTION = `SELECT d.open_mode AS "openMode", d.database_role AS "role", i.status AS "status", i.logins AS "logins",
 l.resource_name AS "resource", l.current_utilization AS "used", TRIM(l.limit_value) AS "allowed"
 FROM v$database d CROSS JOIN v$instance i
 LEFT JOIN v$resource_limit l ON l.resource_name IN ('sessions', 'processes')`;

/** What the driver is told beyond its own limit, which ours precedes: seconds, and whole ones. */
const DRIVERS_LIMIT_SPARE_S = 1;

/**
 * Opens the session of one instance. Its sample is what the question gives, a row for each resource.
 *
 * @param settings the target's
 * @param context the agent's surroundings
 * @returns the session
 */
export function openOracleSession(settings: OracleSettings, context: ProbeContext): ProbeSession {
  return makeInspectable((choose) =>
    keepSession(context, async (life) => choose(await begin(settings, context, life))),
  );
}

async function begin(settings: OracleSettings, context: ProbeContext, life: Life): Promise<Questions> {
  const { default: driver } = await context.load<{ default: OracleDriver }>("oracledb");
  const options = {
    user: settings.user,
    password: settings.password,
    connectString: describeTarget(settings),
    ...(await createWallet(settings, context)),
    program: "evenkeel-agent",
    // Our deadline comes first; this one lets the driver forget a call whose answer nobody waits for any more.
    connectTimeout: Math.ceil(context.accessTimeoutMs / 1000) + DRIVERS_LIMIT_SPARE_S,
  };
  const connection = await ownSockets(context, life, () => driver.getConnection(options), nameOracleError);
  tellCertificateOf(connection, settings, context);
  // One row more than there are lets the driver see the end without asking again.
  const asked = {
    outFormat: driver.OUT_FORMAT_OBJECT,
    maxRows: ROWS_MAX,
    prefetchRows: ROWS_MAX + 1,
    fetchArraySize: ROWS_MAX + 1,
  };
  const probe = async () => {
    const { rows } = await connection
      .execute(QUESTION, [], asked)
      .catch((error: unknown) => Promise.reject(nameOracleError(error)));
    return rows;
  };
  const version = connection.oracleServerVersionString;
  return {
    probe,
    inspect: async () => ({
      version: version === undefined ? null : `Oracle ${version}`,
      role: describeOracleRole(await probe()),
      lagMs: null,
      missing: [],
    }),
  };
}

/** The driver gives its socket to nobody, and trusts what it shows: a certificate that it refuses is told by its error. */
interface Inside {
  readonly _impl?: {
    readonly nscon?: { readonly ntAdapter?: { readonly stream?: Partial<TLSSocket> } | null };
  };
}

function tellCertificateOf(connection: object, settings: OracleSettings, context: ProbeContext): void {
  const stream = (connection as Inside)._impl?.nscon?.ntAdapter?.stream;
  if (isEncrypted(settings) && stream?.getPeerX509Certificate !== undefined)
    tellShown(stream as TLSSocket, settings.address, context);
}

/** Names reach this descriptor through their schemas only, which let neither brackets nor spaces through. */
function describeTarget({ address, tls, connectBy, monitoredDatabase }: OracleSettings): string {
  const { host, port } = readAddress(address);
  const protocol = isEncrypted({ tls }) ? "tcps" : "tcp";
  const name = connectBy === "sid" ? "SID" : "SERVICE_NAME";
  return `(DESCRIPTION=(ADDRESS=(PROTOCOL=${protocol})(HOST=${host})(PORT=${port}))(CONNECT_DATA=(${name}=${monitoredDatabase})))`;
}

/**
 * The driver takes authorities as a wallet, in which it insists on a private key. Where there is no client certificate,
 * a fresh key of an algorithm that certificates for TLS are not signed with belongs to none of them, so that it is never
 * used and proves nothing.
 */
async function createWallet(settings: OracleSettings, context: ProbeContext): Promise<object> {
  const { tls } = settings;
  if (tls === undefined || !isEncrypted(settings)) return {};
  const pair = await requireReadable(settings, context);
  const name = { sslServerDNMatch: tls.mode === "verify" };
  if (pair !== undefined)
    return {
      ...name,
      walletContent: [pair.cert, tls.caPem ?? "", pair.key].map((pem) => pem.trim()).join("\n"),
    };
  if (tls.caPem === undefined) return name;
  const { generateKeyPairSync } = await context.load<typeof Crypto>("node:crypto");
  const key = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  return { ...name, walletContent: `${tls.caPem.trim()}\n${String(key)}` };
}
