import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { connectPostgresql } from "@evenkeel/lab/engines/postgresql-connection";
import { findAccount } from "@evenkeel/lab/engines/run-as";
import type { ManagedProcess } from "@evenkeel/lab/processes/process-spec";
import type { Supervisor } from "@evenkeel/lab/processes/supervisor";
import { ensurePrograms, isFound } from "@evenkeel/lab/setup/programs";

/** Copying a fresh server takes a second; a busy machine may need many. */
const COPY_WITHIN_MS = 60_000;

/** How the administrator reaches a server. */
export interface Administrator {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** A standby of a PostgreSQL that follows it byte by byte. */
export interface PhysicalReplica {
  readonly process: ManagedProcess;
  /** Runs a statement as the administrator. @returns the first row's first column */
  ask(sql: string): Promise<unknown>;
}

/** The programs that make a replica and run it. */
interface Programs {
  readonly server: string;
  readonly copier: string;
}

async function findPrograms(): Promise<Programs | string> {
  const { postgresql } = await ensurePrograms(["postgresql"], () => undefined);
  if (!isFound(postgresql)) return postgresql.missing;
  const copier = join(dirname(postgresql.path), "pg_basebackup");
  return existsSync(copier) ? { server: postgresql.path, copier } : "there is no pg_basebackup";
}

/** Says why no replica can be had here, for a test to skip itself; undefined when one can. */
export async function whyNoReplica(): Promise<string | undefined> {
  const found = await findPrograms();
  return typeof found === "string" ? found : undefined;
}

/**
 * Runs a statement on a server.
 *
 * @returns the first row's first column
 */
export async function askPostgresql(admin: Administrator, sql: string): Promise<unknown> {
  return await connectPostgresql({ ...admin, database: "postgres" }, async (client) =>
    Object.values((await client.query(sql)).rows[0] ?? {}).at(0),
  );
}

/**
 * Copies a running server and starts the copy as its standby.
 *
 * @param supervisor what keeps the process
 * @param main how the server to follow is reached
 * @param port where the replica listens
 * @throws where {@link whyNoReplica} has a reason, or the copy does not start
 */
export async function startPhysicalReplica(
  supervisor: Supervisor,
  main: Administrator,
  port: number,
): Promise<PhysicalReplica> {
  const programs = await findPrograms();
  if (typeof programs === "string") throw new Error(programs);
  const account = findAccount(["postgres", "nobody"]);
  const data = `${String(await askPostgresql(main, "SHOW data_directory"))}-replica`;
  const { host, port: from, user, password } = main;
  await promisify(execFile)(
    programs.copier,
    ["-h", host, "-p", String(from), "-U", user, "-D", data, "-R", "-X", "stream", "-c", "fast"],
    { ...account, cwd: "/", env: { ...process.env, PGPASSWORD: password }, timeout: COPY_WITHIN_MS },
  );
  const ask = async (sql: string) => await askPostgresql({ ...main, port }, sql);
  const spawned = await supervisor.spawnProcess({
    name: "postgresql-replica",
    role: "database",
    site: "dc1",
    command: programs.server,
    args: ["-D", data, "-p", String(port)],
    cwd: "/",
    ...account,
    ports: [{ port, wantedBy: "a replica" }],
    endSignal: "SIGINT",
    isReady: async () => (await ask("SELECT pg_is_in_recovery()")) === true,
  });
  if (!spawned.ok) throw new Error(spawned.message);
  return { process: spawned.process, ask };
}
