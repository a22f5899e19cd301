import { InstanceEvent } from "@evenkeel/contracts/event";
import { Plan } from "@evenkeel/contracts/plan";
import { makeRows } from "@evenkeel/core/arbitration/monitor-rows";
import type { InstanceState } from "@evenkeel/core/arbitration/state";
import { type StoredRow, upgradeRow } from "@evenkeel/core/arbitration/stored-row";
import type { Changes, CommandAudit } from "./ports.ts";

/** Events that an Instance keeps; the oldest go first. */
export const EVENTS_MAX = 5_000;
/** Commands whose audit waits for the catalogue; beyond that the oldest are dropped, so that a dead D1 cannot fill the object. */
export const AUDIT_MAX = 2_000;
/** Events are pruned once in so many, because counting them costs more than keeping a few too many. */
const PRUNE_EVERY = 100;

const TABLES = `
  create table if not exists meta (key text primary key not null, value text not null);
  create table if not exists monitors (id text primary key not null, body text not null);
  create table if not exists agents (
    id text primary key not null, name text not null, site text not null, secret_hash text not null,
    public_key text, peer text, links text, routes text
  );
  create table if not exists events (
    seq integer primary key autoincrement, id text not null, monitor_id text, body text not null
  );
  create index if not exists events_by_id on events (id);
  create index if not exists events_by_monitor on events (monitor_id, seq);
  create table if not exists principals (
    hash text primary key not null, body text not null, expires_at_ms integer, learnt_at_ms integer not null
  );
  create table if not exists audit (seq integer primary key autoincrement, body text not null);
`;

/** Columns that tables of an older version lack. */
const LATER_COLUMNS = [
  { table: "agents", column: "public_key" },
  { table: "agents", column: "peer" },
  { table: "agents", column: "links" },
  { table: "agents", column: "routes" },
] as const;

/**
 * Creates the tables of an object; existing ones are kept, and get the columns that came later.
 *
 * @param sql the object's database
 */
export function createTables(sql: SqlStorage): void {
  sql.exec(TABLES);
  for (const { table, column } of LATER_COLUMNS) {
    const known = sql.exec<{ name: string }>("select name from pragma_table_info(?)", table).toArray();
    if (!known.some(({ name }) => name === column))
      sql.exec(`alter table ${table} add column ${column} text`);
  }
}

/**
 * Reads the stored part of the state: plan and monitors. Agents are senses, not memory, and are restored from sockets.
 *
 * @param sql the object's database
 * @param now control plane's clock in ms: begin of this incarnation
 * @returns the state; null: this object has no plan yet
 */
export function readState(sql: SqlStorage, now: number): InstanceState | null {
  const body = readMeta(sql, "plan");
  if (body === null) return null;
  // Monitor rows were written by this program, maybe by an older version of it.
  const rows = sql.exec<{ body: string }>("select body from monitors order by id").toArray();
  const monitors = makeRows(rows.map((row) => upgradeRow(JSON.parse(row.body) as StoredRow)));
  return { plan: Plan.parse(JSON.parse(body)), startedAtMs: now, agents: {}, monitors, siteAlarms: {} };
}

/**
 * Stores what a turn changed, in one transaction: after a crash it happened as a whole or not at all.
 *
 * @param storage the object's storage
 * @param changes what changed
 */
export function storeChanges(storage: DurableObjectStorage, changes: Changes): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    if (changes.plan !== null) writeMeta(sql, "plan", JSON.stringify(changes.plan));
    for (const [id, monitor] of Object.entries(changes.monitors)) {
      if (monitor === null) sql.exec("delete from monitors where id = ?", id);
      else sql.exec("insert or replace into monitors (id, body) values (?, ?)", id, JSON.stringify(monitor));
    }
    for (const event of changes.events) storeEvent(sql, event);
    for (const entry of changes.audit) {
      sql.exec("insert into audit (body) values (?)", JSON.stringify(entry));
    }
  });
}

function storeEvent(sql: SqlStorage, event: InstanceEvent): void {
  const { seq } = sql
    .exec<{ seq: number }>(
      "insert into events (id, monitor_id, body) values (?, ?, ?) returning seq",
      event.id,
      event.monitorId,
      JSON.stringify(event),
    )
    .one();
  if (seq % PRUNE_EVERY === 0) sql.exec("delete from events where seq <= ?", seq - EVENTS_MAX);
}

/** Which events to list. */
export interface EventsQuery {
  readonly limit: number;
  /** Id of an event: only older ones. */
  readonly before?: string | undefined;
  readonly monitorId?: string | undefined;
}

/**
 * Lists events, newest first.
 *
 * @param sql the object's database
 * @param query which ones; an unknown `before` lists nothing
 * @returns the events
 */
export function listEvents(sql: SqlStorage, query: EventsQuery): InstanceEvent[] {
  const rows = sql.exec<{ body: string }>(
    `select body from events
     where (?1 is null or seq < coalesce((select seq from events where id = ?1), 0))
       and (?2 is null or monitor_id = ?2)
     order by seq desc limit ?3`,
    query.before ?? null,
    query.monitorId ?? null,
    query.limit,
  );
  return rows.toArray().map((row) => InstanceEvent.parse(JSON.parse(row.body)));
}

/**
 * Reads the oldest audit entries that the catalogue does not have yet.
 *
 * @param sql the object's database
 * @param limit how many at most
 * @returns the entries, oldest first
 */
export function listAudit(sql: SqlStorage, limit: number): CommandAudit[] {
  return sql
    .exec<{ seq: number; body: string }>("select seq, body from audit order by seq limit ?", limit)
    .toArray()
    .map((row) => ({ ...(JSON.parse(row.body) as Omit<CommandAudit, "seq">), seq: row.seq }));
}

/**
 * Drops audit entries that the catalogue has, and the oldest beyond AUDIT_MAX.
 *
 * @param sql the object's database
 * @param upToSeq last entry that the catalogue has
 */
export function dropAudit(sql: SqlStorage, upToSeq: number): void {
  sql.exec("delete from audit where seq <= ?", upToSeq);
  sql.exec("delete from audit where seq <= (select max(seq) from audit) - ?", AUDIT_MAX);
}

/**
 * Reads a named value.
 *
 * @param sql the object's database
 * @param key its name
 * @returns the value; null: there is none
 */
export function readMeta(sql: SqlStorage, key: string): string | null {
  return sql.exec<{ value: string }>("select value from meta where key = ?", key).toArray()[0]?.value ?? null;
}

/**
 * Writes a named value.
 *
 * @param sql the object's database
 * @param key its name
 * @param value the value; null: remove it
 */
export function writeMeta(sql: SqlStorage, key: string, value: string | null): void {
  if (value === null) sql.exec("delete from meta where key = ?", key);
  else sql.exec("insert or replace into meta (key, value) values (?, ?)", key, value);
}
