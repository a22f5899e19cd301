import { LAB_HOST } from "../processes/ports.ts";

/**
 * The server's settings: durable like in earnest (fsync stays on, for the drills count lost writes), small, and quick
 * to notice and mend a broken replication connection.
 * @param port where it listens
 */
export function serverSettings(port: number): string {
  return `# Written by the lab at every start.
listen_addresses = '${LAB_HOST}'
port = ${port}
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
max_connections = 100
shared_buffers = '32MB'
huge_pages = off
# In the data directory: /dev/shm is small or closed in some containers, and a killed server leaves its pieces there.
dynamic_shared_memory_type = mmap
jit = off
wal_level = logical
max_wal_senders = 10
max_replication_slots = 10
max_wal_size = '256MB'
min_wal_size = '64MB'
# A dc2 that stays away must not fill the disk of dc1.
max_slot_wal_keep_size = '2GB'
wal_sender_timeout = '10s'
wal_receiver_timeout = '10s'
# Also how long replication waits before it tries again after an error.
wal_retrieve_retry_interval = '500ms'
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] %u@%d '
`;
}

/** Who may connect: nobody but those with a password, from this machine. */
export function accessRules(): string {
  return `# Written by the lab at every start. TYPE DATABASE USER ADDRESS METHOD
host all all ${LAB_HOST}/32 scram-sha-256
host replication all ${LAB_HOST}/32 scram-sha-256
`;
}
