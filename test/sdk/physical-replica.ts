import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ADMIN_USER } from "@evenkeel/lab/engines/engine-handle";
import { connectPostgresql } from "@evenkeel/lab/engines/postgresql-connection";
import { findAccount } from "@evenkeel/lab/engines/run-as";
import { loadSecrets } from "@evenkeel/lab/engines/secrets";
import { createSupervisor } from "@evenkeel/lab/processes/supervisor";
import { ensurePrograms, isFound } from "@evenkeel/lab/setup/programs";
import type { TwoSites } from "./two-sites.ts";

/** Copying a fresh server takes a second; a busy machine may need many. */
const COPY_WITHIN_MS = 60_000;

/** A standby of dc1's PostgreSQL that follows it byte by byte. */
export interface PhysicalReplica {
  /** Runs a statement as the administrator. @returns the first row's first column */
  ask(sql: string): Promise<unknown>;
  end(): Promise<void>;
}

/** @returns a standby that listens on this port, or why there can be none */
export async function startPhysicalReplica(sites: TwoSites, port: number): Promise<PhysicalReplica | string> {
  const { postgresql: program } = await ensurePrograms(["postgresql"], () => undefined);
  if (!isFound(program)) return program.missing;
  const copier = join(program.path, "..", "pg_basebackup");
  if (!existsSync(copier)) return "there is no pg_basebackup";
  const { host, port: from } = sites.engine.dataCentres.dc1;
  const password = loadSecrets(sites.directory).passwords["postgresql-admin"];
  const askAt = (at: number, sql: string) =>
    connectPostgresql({ host, port: at, user: ADMIN_USER, password, database: "postgres" }, async (client) =>
      Object.values((await client.query(sql)).rows[0] ?? {}).at(0),
    );
  const account = findAccount(["postgres", "nobody"]);
  const data = `${String(await askAt(from, "SHOW data_directory"))}-replica`;
  await promisify(execFile)(
    copier,
    ["-h", host, "-p", String(from), "-U", ADMIN_USER, "-D", data, "-R", "-X", "stream", "-c", "fast"],
    { ...account, cwd: "/", env: { ...process.env, PGPASSWORD: password }, timeout: COPY_WITHIN_MS },
  );
  const made = await createSupervisor(join(sites.directory, "replica"));
  if (!made.ok) return made.message;
  const spawned = await made.supervisor.spawnProcess({
    name: "postgresql-replica",
    role: "database",
    site: "dc1",
    command: program.path,
    args: ["-D", data, "-p", String(port)],
    cwd: "/",
    ...account,
    ports: [{ port, wantedBy: "a replica" }],
    endSignal: "SIGINT",
    isReady: async () => (await askAt(port, "SELECT pg_is_in_recovery()")) === true,
  });
  if (!spawned.ok) return spawned.message;
  return { ask: (sql) => askAt(port, sql), end: () => made.supervisor.end() };
}
