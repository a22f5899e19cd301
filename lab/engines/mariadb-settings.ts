import { userInfo } from "node:os";
import { join } from "node:path";
import { LAB_HOST } from "../processes/ports.ts";
import { ADMIN_USER, type DataCentre } from "./engine-handle.ts";

/** Where one server keeps its data and listens. */
export interface ServerPlace {
  readonly folder: string;
  readonly port: number;
  readonly dataCentre: DataCentre;
}

/** Tells the servers and the changes that began there apart; changes with the same number must not start in both. */
const SERVER_NUMBERS: Readonly<Record<DataCentre, number>> = { dc1: 1, dc2: 2 };

/**
 * The server's settings: durable like in earnest (the drills count lost writes), small, ready to replicate by GTID.
 * @param firstFile statements for the server to run before it listens
 */
export function serverSettings({ folder, port, dataCentre }: ServerPlace, firstFile?: string): string {
  const number = SERVER_NUMBERS[dataCentre];
  return `# Written by the lab at every start.
[mariadbd]
user = ${userInfo().username}
datadir = ${join(folder, "data")}
bind_address = ${LAB_HOST}
port = ${port}
# Inside the data directory, for the path of a socket must be short.
socket = server.sock
pid_file = server.pid
tmpdir = ${join(folder)}
skip_name_resolve = ON
max_connections = 100
max_connect_errors = 1000000
character_set_server = utf8mb4
innodb_buffer_pool_size = 64M
innodb_log_file_size = 32M
innodb_flush_log_at_trx_commit = 1
performance_schema = OFF
server_id = ${number}
gtid_domain_id = ${number}
gtid_strict_mode = ON
log_bin = binlog
sync_binlog = 1
binlog_format = ROW
max_binlog_size = 64M
expire_logs_days = 2
log_slave_updates = ON
relay_log = relay
relay_log_recovery = ON
slave_net_timeout = 10
# An order that both data centres hold already (one write sent to both) must not end the replication.
slave_exec_mode = IDEMPOTENT
${firstFile === undefined ? "" : `init_file = ${firstFile}\n`}`;
}

/**
 * What the server does before it listens for the first time: its administrator, and no other account than the one
 * that MariaDB itself needs. One statement per line, as \`init_file\` wants it; nothing of it is replicated.
 */
export function firstStatements(adminPassword: string): string {
  const admin = `'${ADMIN_USER}'@'${LAB_HOST}'`;
  return `SET SESSION sql_log_bin = 0;
DELETE FROM mysql.global_priv WHERE User IN ('root', '');
FLUSH PRIVILEGES;
CREATE USER ${admin} IDENTIFIED BY '${adminPassword}';
GRANT ALL PRIVILEGES ON *.* TO ${admin} WITH GRANT OPTION;
`;
}
