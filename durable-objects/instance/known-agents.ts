import type { KnownAgent } from "./ports.ts";

/**
 * Remembers an enrolled agent.
 *
 * @param sql the object's database
 * @param agent the agent
 */
export function rememberAgent(sql: SqlStorage, agent: KnownAgent): void {
  const known = findAgent(sql, agent.id);
  // Agents reconnect often; a row that says the same already is not written again.
  if (known !== null && JSON.stringify(known) === JSON.stringify(agent)) return;
  const { id, name, site, hash } = agent;
  sql.exec(
    `insert into agents (id, name, site, secret_hash) values (?, ?, ?, ?) on conflict (id) do update
     set name = excluded.name, site = excluded.site, secret_hash = excluded.secret_hash`,
    id,
    name,
    site,
    hash,
  );
}

/**
 * Forgets an agent that was removed.
 *
 * @param sql the object's database
 * @param id the agent's id
 */
export function forgetAgent(sql: SqlStorage, id: string): void {
  sql.exec("delete from agents where id = ?", id);
}

/**
 * Finds an agent.
 *
 * @param sql the object's database
 * @param id the agent's id
 * @returns the agent; null: it is not known
 */
export function findAgent(sql: SqlStorage, id: string): KnownAgent | null {
  return listKnownAgents(sql).find((agent) => agent.id === id) ?? null;
}

/**
 * Lists all agents of the instance.
 *
 * @param sql the object's database
 * @returns the agents
 */
export function listKnownAgents(sql: SqlStorage): KnownAgent[] {
  return sql
    .exec<{ id: string; name: string; site: string; hash: string }>(
      "select id, name, site, secret_hash as hash from agents order by id",
    )
    .toArray()
    .map(({ id, name, site, hash }) => ({ id, name, site, hash }));
}
