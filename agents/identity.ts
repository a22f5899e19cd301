import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** What an agent is after its enrolment; kept in a file that only its user may read. */
export const AgentIdentity = z.object({
  v: z.literal(1),
  /** Base URL of the control plane. */
  url: z.url(),
  agentId: z.string().min(1),
  instanceId: z.string().min(1),
  /** Id of its site. */
  site: z.string().min(1),
  /** Name of its site, for people. */
  siteName: z.string().min(1),
  name: z.string().min(1),
  /** Proves to the control plane who connects; a secret. */
  agentToken: z.string().min(20),
  /** Key to which credentials are sealed (JWK, ECDH); a secret. */
  privateKey: z.record(z.string(), z.unknown()),
});
export type AgentIdentity = z.infer<typeof AgentIdentity>;

/** Where the identity is kept in the state directory. */
export const IDENTITY_FILE = "identity.json";
/** Only the agent's own user may read its files. */
const PRIVATE_MODE = 0o600;
const PRIVATE_DIRECTORY_MODE = 0o700;

/**
 * Writes a file of the agent's state directory so that a crash leaves the old or the new content, never half of it.
 *
 * @param stateDir the agent's directory, made if it is missing
 * @param name file name
 * @param value what to write as JSON
 */
export async function writePrivateFile(stateDir: string, name: string, value: unknown): Promise<void> {
  await mkdir(stateDir, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  const path = join(stateDir, name);
  const draft = `${path}.${process.pid}.draft`;
  await writeFile(draft, `${JSON.stringify(value)}\n`, { mode: PRIVATE_MODE });
  await chmod(draft, PRIVATE_MODE);
  await rename(draft, path);
}

/** Stores the identity after an enrolment. */
export async function saveIdentity(stateDir: string, identity: AgentIdentity): Promise<void> {
  await writePrivateFile(stateDir, IDENTITY_FILE, identity);
}

/**
 * Reads the identity.
 *
 * @param stateDir the agent's directory
 * @returns the identity
 * @throws Error that says to enrol first, or that the file is damaged
 */
export async function loadIdentity(stateDir: string): Promise<AgentIdentity> {
  const path = join(stateDir, IDENTITY_FILE);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") {
      throw new Error(
        `${path} is missing: enrol this agent first (EVENKEEL_ENROLMENT_TOKEN=… evenkeel-agent enrol --url … --name … --state ${stateDir})`,
      );
    }
    throw error;
  });
  const parsed = AgentIdentity.safeParse(parseJson(text, path));
  if (!parsed.success) {
    const where = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
    throw new Error(`${path} is damaged (${where}): enrol this agent again`);
  }
  return parsed.data;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the file, which holds secrets.
    throw new Error(`${path} is not JSON: enrol this agent again`);
  }
}
