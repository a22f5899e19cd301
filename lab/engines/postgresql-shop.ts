import type pg from "pg";
import { escapeIdentifier, escapeLiteral } from "pg";
import { APP_USER, PROBE_USER, REPLICATION_USER, SHOP_DATABASE } from "./engine-handle.ts";
import { connectPostgresql, type PostgresqlServer } from "./postgresql-connection.ts";

/** Name of the publication in dc1 and of the subscription in dc2. */
const LINK = "evenkeel";

/** The passwords of the accounts that the lab makes. */
export interface PostgresqlPasswords {
  readonly app: string;
  readonly probe: string;
  readonly replication: string;
}

/** True when a catalogue query finds a row. */
async function exists(client: pg.Client, query: string, values: readonly string[]): Promise<boolean> {
  return (await client.query(query, [...values])).rowCount !== 0;
}

async function ensureRole(
  client: pg.Client,
  name: string,
  attributes: string,
  password: string,
): Promise<void> {
  if (await exists(client, "SELECT FROM pg_roles WHERE rolname = $1", [name])) return;
  await client.query(
    `CREATE ROLE ${escapeIdentifier(name)} LOGIN ${attributes} PASSWORD ${escapeLiteral(password)}`,
  );
}

/** The accounts and the empty database; both belong to the whole server. */
async function ensureAccounts(client: pg.Client, passwords: PostgresqlPasswords): Promise<void> {
  // A statement that fails would else stand in the server's log with the password in it.
  await client.query("SET log_min_error_statement = panic");
  await ensureRole(client, APP_USER, "", passwords.app);
  await ensureRole(client, PROBE_USER, "IN ROLE pg_monitor", passwords.probe);
  await ensureRole(client, REPLICATION_USER, "REPLICATION", passwords.replication);
  if (await exists(client, "SELECT FROM pg_database WHERE datname = $1", [SHOP_DATABASE])) return;
  await client.query(`CREATE DATABASE ${SHOP_DATABASE} OWNER ${APP_USER}`);
}

/**
 * The table of orders. Order ids are ULIDs that a shop makes up once and never writes again, so two data centres hold
 * the same id only if a write was sent to both. Even then replication has to go on: a trigger that fires for
 * replicated rows alone drops those which are there already, where the apply worker would stop at the duplicate key
 * and try the same row for ever.
 */
const ORDERS = `
CREATE TABLE IF NOT EXISTS orders (
  id text PRIMARY KEY,
  item text,
  created_at timestamptz DEFAULT now(),
  placed_in text
);
ALTER TABLE orders OWNER TO ${APP_USER};
GRANT SELECT ON orders TO ${REPLICATION_USER};
CREATE OR REPLACE FUNCTION skip_known_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM public.orders WHERE id = NEW.id) THEN RETURN NULL; END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER skip_known_order BEFORE INSERT ON orders
  FOR EACH ROW EXECUTE FUNCTION skip_known_order();
ALTER TABLE orders ENABLE REPLICA TRIGGER skip_known_order;
REVOKE CONNECT ON DATABASE ${SHOP_DATABASE} FROM PUBLIC;
GRANT CONNECT ON DATABASE ${SHOP_DATABASE} TO ${APP_USER}, ${PROBE_USER}, ${REPLICATION_USER};
`;

/**
 * Makes sure that a server has the accounts, the database and the table.
 * @param server reached as its administrator
 */
export async function ensureShop(server: PostgresqlServer, passwords: PostgresqlPasswords): Promise<void> {
  await connectPostgresql({ ...server, database: "postgres" }, async (client) => {
    await ensureAccounts(client, passwords);
  });
  await connectPostgresql(server, async (client) => {
    const ready = await exists(client, "SELECT FROM pg_trigger WHERE tgname = $1", ["skip_known_order"]);
    if (!ready) await client.query(`BEGIN; ${ORDERS} COMMIT`);
  });
}

/** Makes sure that dc1 publishes its orders. */
export async function ensurePublisher(server: PostgresqlServer): Promise<void> {
  await connectPostgresql(server, async (client) => {
    if (await exists(client, "SELECT FROM pg_publication WHERE pubname = $1", [LINK])) return;
    await client.query(`CREATE PUBLICATION ${LINK} FOR TABLE orders`);
  });
}

/**
 * Makes sure that dc2 subscribes to the orders of dc1, also after dc1 has moved to another port.
 * @param server dc2, as its administrator
 * @param publisher dc1
 */
export async function ensureSubscriber(
  server: PostgresqlServer,
  publisher: PostgresqlServer,
  passwords: PostgresqlPasswords,
): Promise<void> {
  const source =
    `host=${publisher.host} port=${publisher.port} dbname=${SHOP_DATABASE} user=${REPLICATION_USER} ` +
    `password=${passwords.replication} connect_timeout=5`;
  await connectPostgresql(server, async (client) => {
    await client.query("SET log_min_error_statement = panic");
    const { rows } = await client.query<{ subconninfo: string }>("SELECT subconninfo FROM pg_subscription");
    const [present] = rows;
    if (present === undefined) {
      await client.query(
        `CREATE SUBSCRIPTION ${LINK} CONNECTION ${escapeLiteral(source)} PUBLICATION ${LINK} WITH (copy_data = true, streaming = on)`,
      );
    } else if (present.subconninfo !== source) {
      await client.query(`ALTER SUBSCRIPTION ${LINK} CONNECTION ${escapeLiteral(source)}`);
    }
  });
}
