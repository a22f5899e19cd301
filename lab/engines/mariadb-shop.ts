import { LAB_HOST } from "../processes/ports.ts";
import { APP_USER, PROBE_USER, REPLICATION_USER, SHOP_DATABASE } from "./engine-handle.ts";
import { type AskMariadb, connectMariadb, type MariadbServer } from "./mariadb-connection.ts";

/** The passwords of the accounts that the lab makes. */
export interface MariadbPasswords {
  readonly app: string;
  readonly probe: string;
  readonly replication: string;
}

/** How often dc2 tries to reach dc1, and how long dc1 may be silent before it says that it lives. */
const RETRY_S = 1;
const HEARTBEAT_S = 2;

async function ensureUser(
  ask: AskMariadb,
  name: string,
  password: string,
  grants: readonly string[],
): Promise<void> {
  await ask(`CREATE USER IF NOT EXISTS ?@? IDENTIFIED BY ?`, [name, LAB_HOST, password]);
  for (const grant of grants) await ask(`GRANT ${grant} TO ?@?`, [name, LAB_HOST]);
}

/**
 * Makes sure that a server has the database, the table and the accounts. Each server does this for itself; nothing of
 * it is replicated.
 * @param server reached as its administrator
 */
export async function ensureShop(server: MariadbServer, passwords: MariadbPasswords): Promise<void> {
  const { database: _, ...anyDatabase } = server;
  await connectMariadb(anyDatabase, async (ask) => {
    await ask("SET SESSION sql_log_bin = 0");
    await ask(`CREATE DATABASE IF NOT EXISTS ${SHOP_DATABASE}`);
    await ask(`CREATE TABLE IF NOT EXISTS ${SHOP_DATABASE}.orders (
      id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
      item TEXT,
      created_at TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP(3),
      placed_in VARCHAR(64)
    )`);
    await ensureUser(ask, APP_USER, passwords.app, [`ALL PRIVILEGES ON ${SHOP_DATABASE}.*`]);
    // SHOW VIEW lets the account enter the database without reading anything in it; SLAVE MONITOR shows replication.
    await ensureUser(ask, PROBE_USER, passwords.probe, [
      "SLAVE MONITOR ON *.*",
      `SHOW VIEW ON ${SHOP_DATABASE}.*`,
    ]);
    await ensureUser(ask, REPLICATION_USER, passwords.replication, ["REPLICATION SLAVE ON *.*"]);
  });
}

/**
 * Makes sure that dc2 replicates from dc1, also after dc1 has moved to another port.
 * @param replica dc2, as its administrator
 * @param source dc1
 * @param password of the replication account
 */
export async function ensureReplication(
  replica: MariadbServer,
  source: MariadbServer,
  password: string,
): Promise<void> {
  await connectMariadb(replica, async (ask) => {
    const [status] = await ask("SHOW SLAVE STATUS");
    if (status?.Master_Port === source.port) return;
    await ask("STOP SLAVE");
    await ask(
      `CHANGE MASTER TO MASTER_HOST = ?, MASTER_PORT = ?, MASTER_USER = ?, MASTER_PASSWORD = ?,
        MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = ?, MASTER_HEARTBEAT_PERIOD = ?`,
      [source.host, source.port, REPLICATION_USER, password, RETRY_S, HEARTBEAT_S],
    );
    await ask("START SLAVE");
  });
}
