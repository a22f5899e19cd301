import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** Every password of a lab. */
export const SECRET_NAMES = [
  "etcd-root",
  "etcd-agent",
  "etcd-sdk",
  "postgresql-admin",
  "postgresql-app",
  "postgresql-probe",
  "postgresql-replication",
  "mysql-admin",
  "mysql-app",
  "mysql-probe",
  "mysql-replication",
  "redis-admin",
  "redis-app",
  "redis-probe",
  "mongodb-admin",
  "mongodb-app",
  "mongodb-probe",
  "elasticsearch-app",
] as const;

/** See {@link SECRET_NAMES}. */
export type SecretName = (typeof SECRET_NAMES)[number];

const SECRETS_FILE = "secrets.json";
const PASSWORD_BYTES = 24;

const password = z.string().regex(/^[A-Za-z0-9_-]{16,100}$/);
const secretsSchema = z.object({
  /** Tells this lab's data directories from those of an earlier one whose secrets are lost. */
  labId: password,
  passwords: z.partialRecord(z.enum(SECRET_NAMES), password),
});

/** The secrets of a lab, complete. */
export interface LabSecrets {
  readonly labId: string;
  readonly passwords: Readonly<Record<SecretName, string>>;
}

/** A random text that needs no quoting anywhere. */
function randomPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString("base64url");
}

/**
 * The passwords of the lab in a state directory; made up at the first call and kept in a file that only its owner can
 * read. They are never printed.
 * @throws when the file is there but holds something else; the message names the file, not its content
 */
export function loadSecrets(stateDir: string): LabSecrets {
  mkdirSync(stateDir, { recursive: true });
  const file = join(stateDir, SECRETS_FILE);
  const text = existsSync(file) ? readFileSync(file, "utf8") : undefined;
  const known = text === undefined ? { labId: randomPassword(), passwords: {} } : parseSecrets(file, text);
  const passwords = {} as Record<SecretName, string>;
  for (const name of SECRET_NAMES) passwords[name] = known.passwords[name] ?? randomPassword();
  const secrets = { labId: known.labId, passwords };
  const written = `${JSON.stringify(secrets, null, 2)}\n`;
  if (written !== text) {
    writeFileSync(`${file}.new`, written, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return secrets;
}

function parseSecrets(file: string, text: string): z.infer<typeof secretsSchema> {
  const advice = `Delete the whole state directory to start from nothing.`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is not JSON. ${advice}`, { cause });
  }
  const parsed = secretsSchema.safeParse(value);
  if (!parsed.success) throw new Error(`${file} does not hold the lab's secrets. ${advice}`);
  return parsed.data;
}
