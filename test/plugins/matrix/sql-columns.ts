import { setTimeout as wait } from "node:timers/promises";
import { loadDriver } from "@evenkeel/agent/drivers";
import type { Judgement } from "@evenkeel/contracts/observation";
import { connectMariadb } from "@evenkeel/lab/engines/mariadb-connection";
import { startPostgresql } from "@evenkeel/lab/engines/postgresql";
import { connectPostgresql } from "@evenkeel/lab/engines/postgresql-connection";
import { findEmbeddedPostgresql } from "@evenkeel/lab/setup/embedded-postgresql";
import { mysql } from "@evenkeel/plugins/monitors/mysql";
import { MYSQL_HEARTBEAT_ACCOUNT } from "@evenkeel/plugins/mysql-heartbeat";
import { readAccount } from "../beating.ts";
import * as mariadb from "../servers/mysql.ts";
import * as postgresql from "../servers/postgresql.ts";
import { OTHER_NAME } from "../test-certificates.ts";
import { type Column, EXPECTED, type Stage } from "./column.ts";
import { type EngineWish, makeEngineColumn, type RunningEngine } from "./engine-cells.ts";

/** How long a server that cannot write may take to say so; some wait for somebody to make room. */
const NOTICE_MS = 2000;
const OTHERS_TLS = { mode: "verify", caPem: OTHER_NAME.cert };
const BLIND = "a probe that only reads does not notice";
const HEARTBEAT = { heartbeatUser: "evenkeel_heartbeat", heartbeatPassword: "heartbeat-password" };
/** Heartbeats that a page of the binary log has room for, and many more. */
const BEATS_MAX = 200;
const MISSING = { monitoredDatabase: "no_such_database" };

/** Fills the disk, has the server write, and probes. */
async function fillDisk(
  stage: Stage,
  { disk, server }: RunningEngine,
  write: () => Promise<unknown>,
): Promise<Judgement> {
  const small = disk();
  if ("missing" in small) return stage.skip(small.missing);
  small.fill();
  const written = write().then(
    () => "written",
    () => "refused",
  );
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise((resolve) => {
    timer = setTimeout(() => resolve("hangs"), NOTICE_MS);
  });
  stage.after(() => written);
  // What is to be undone last stands first.
  stage.after(() => small.free());
  const came = await Promise.race([written, waited]);
  clearTimeout(timer);
  if (came === "written") throw new Error("the disk is not full");
  return await stage.probe({ ...server().settings });
}

/** Writes heartbeats until one is not taken, refused or not. */
async function beatUntilStuck(stage: Stage, settings: Record<string, unknown>): Promise<void> {
  const context = { load: loadDriver, onClosed: () => undefined, accessTimeoutMs: NOTICE_MS };
  const session = mysql.heartbeat?.open(settings, context, "matrix");
  if (session === undefined) throw new Error("MySQL has heartbeats");
  stage.after(() => session.destroy());
  for (let seq = 1; seq <= BEATS_MAX; seq += 1) {
    const written = session.write(seq).then(
      () => true,
      () => false,
    );
    if (!(await Promise.race([written, wait(NOTICE_MS, false)]))) return;
  }
  throw new Error(`${BEATS_MAX} heartbeats were written to a full disk`);
}

/** MariaDB, for MySQL. */
export async function makeMariadbColumn(): Promise<Column> {
  return await makeEngineColumn({
    server: "MariaDB",
    engine: mariadb.MARIADB,
    garbage: EXPECTED.timedOut,
    diskMegabytes: 512,
    cells(running) {
      const { server } = running;
      const settings = () => ({ ...server().settings });
      const say = (statement: string) => mariadb.administer(server(), statement);
      const account = () => `${settings().user}@127.0.0.1`;
      return {
        "locked-account": {
          by: "engine",
          expected: EXPECTED.auth,
          async run(stage) {
            await say(`ALTER USER ${account()} ACCOUNT LOCK`);
            stage.after(() => say(`ALTER USER ${account()} ACCOUNT UNLOCK`));
            return await stage.probe(settings());
          },
        },
        "missing-database": {
          by: "engine",
          expected: EXPECTED.database,
          run: (stage) => stage.probe({ ...settings(), ...MISSING }),
        },
        "missing-privilege": {
          by: "engine",
          expected: EXPECTED.database,
          remark: "the server says the same of a database that is missing",
          async run(stage) {
            await say("CREATE DATABASE hidden");
            stage.after(() => say("DROP DATABASE hidden"));
            return await stage.probe({ ...settings(), monitoredDatabase: "hidden" });
          },
        },
        "disk-full": {
          by: "engine",
          expected: EXPECTED.up,
          remark: `${BLIND}; heartbeats hang after some that the log still has room for`,
          async run(stage) {
            await say("CREATE DATABASE evenkeel_probe");
            for (const statement of readAccount(MYSQL_HEARTBEAT_ACCOUNT, HEARTBEAT.heartbeatPassword))
              await say(statement);
            const judgement = await fillDisk(stage, running, async () => {
              const { host, port, admin } = server();
              await connectMariadb({ host, port, ...admin }, async (ask) => {
                await ask("SET SESSION sql_log_bin = 0");
                await ask("CREATE TABLE shop.large (content LONGTEXT)");
                for (let row = 0; row < 100; row += 1)
                  await ask("INSERT INTO shop.large VALUES (REPEAT('x', 4000000))");
              });
            });
            await beatUntilStuck(stage, { ...settings(), ...HEARTBEAT });
            return judgement;
          },
        },
        "tls-name": {
          by: "engine",
          expected: EXPECTED.tls,
          async run(stage) {
            await mariadb.useCertificate(running, OTHER_NAME);
            return await stage.probe({ ...settings(), tls: OTHERS_TLS });
          },
        },
      };
    },
  });
}

const POSTGRESQL: EngineWish = {
  server: "PostgreSQL",
  engine: postgresql.POSTGRESQL,
  garbage: EXPECTED.timedOut,
  diskMegabytes: 512,
  cells(running) {
    const { server } = running;
    const settings = () => ({ ...server().settings });
    const say = (...statements: string[]) => postgresql.administer(server(), statements);
    return {
      "locked-account": {
        by: "engine",
        expected: EXPECTED.auth,
        async run(stage) {
          await say(`ALTER ROLE ${settings().user} NOLOGIN`);
          stage.after(() => say(`ALTER ROLE ${settings().user} LOGIN`));
          return await stage.probe(settings());
        },
      },
      "missing-database": {
        by: "engine",
        expected: EXPECTED.database,
        run: (stage) => stage.probe({ ...settings(), ...MISSING }),
      },
      "missing-privilege": {
        by: "engine",
        expected: EXPECTED.privilege,
        async run(stage) {
          await say("CREATE DATABASE hidden", "REVOKE CONNECT ON DATABASE hidden FROM PUBLIC");
          stage.after(() => say("DROP DATABASE hidden"));
          return await stage.probe({ ...settings(), monitoredDatabase: "hidden" });
        },
      },
      "disk-full": {
        by: "engine",
        expected: { verdict: "degraded", reason: "disk-full" },
        remark: "at the next login, which is within a minute: then the server has to write a temporary file",
        run: (stage) =>
          fillDisk(stage, running, async () => {
            const { host, port, admin } = server();
            await connectPostgresql({ host, port, ...admin, database: "shop" }, async (client) => {
              await client.query(
                "CREATE UNLOGGED TABLE large AS SELECT repeat(md5(n::text), 50) FROM generate_series(1, 100000) n",
              );
            });
          }),
      },
      "tls-name": {
        by: "engine",
        expected: EXPECTED.tls,
        async run(stage) {
          await postgresql.useCertificate(server(), OTHER_NAME);
          return await stage.probe({ ...settings(), tls: OTHERS_TLS });
        },
      },
    };
  },
};

/** PostgreSQL from the system. */
export const makePostgresqlColumn = (): Promise<Column> => makeEngineColumn(POSTGRESQL);

/** A newer PostgreSQL, from npm; where the system has none this is the only one. */
export async function makeNewerPostgresqlColumn(): Promise<Column> {
  const paths = findEmbeddedPostgresql();
  const column = await makeEngineColumn({
    ...POSTGRESQL,
    server: "PostgreSQL, the newest from npm",
    engine: {
      ...postgresql.POSTGRESQL,
      start: async (request) =>
        await startPostgresql({
          ...request,
          program: paths === undefined ? request.program : { ...request.program, ...paths },
        }),
    },
  });
  return {
    ...column,
    missing: paths === undefined ? "npm has no PostgreSQL for this system" : column.missing,
  };
}
