import catalogue from "../../migrations/0001_catalogue.sql";
import maintenanceWindows from "../../migrations/0002_maintenance_windows.sql";
import storeCertificateAndMirror from "../../migrations/0003_store_certificate_and_mirror.sql";
import severalStores from "../../migrations/0004_several_stores.sql";
import sitePlaces from "../../migrations/0005_site_places.sql";
import pools from "../../migrations/0006_pools.sql";

/** All migrations, oldest first. A name is never changed once it is released. */
export const MIGRATIONS: readonly { readonly name: string; readonly sql: string }[] = [
  { name: "0001_catalogue", sql: catalogue },
  { name: "0002_maintenance_windows", sql: maintenanceWindows },
  { name: "0003_store_certificate_and_mirror", sql: storeCertificateAndMirror },
  { name: "0004_several_stores", sql: severalStores },
  { name: "0005_site_places", sql: sitePlaces },
  { name: "0006_pools", sql: pools },
];

/** Runs that meet another one at work and look again. */
const TRIES = 5;

/**
 * Brings the catalogue to the latest schema. Each migration is one D1 batch, which is one transaction, and begins with
 * noting its own name: of two processes that start at once, one succeeds and the other finds it done.
 *
 * @param database the D1 binding
 * @throws when D1 fails or a migration is faulty
 */
export async function migrate(database: D1Database): Promise<void> {
  await database
    .prepare(
      "create table if not exists applied_migrations (name text primary key not null, applied_at_ms integer not null)",
    )
    .run();
  for (let attempt = 1; ; attempt += 1) {
    try {
      await applyMissing(database);
      return;
    } catch (error) {
      if (attempt >= TRIES) throw error;
    }
  }
}

async function applyMissing(database: D1Database): Promise<void> {
  const { results } = await database.prepare("select name from applied_migrations").all<{ name: string }>();
  const applied = new Set(results.map((row) => row.name));
  for (const migration of MIGRATIONS.filter(({ name }) => !applied.has(name))) {
    const note = database
      .prepare("insert into applied_migrations (name, applied_at_ms) values (?, ?)")
      .bind(migration.name, Date.now());
    await database.batch([note, ...splitStatements(migration.sql).map((sql) => database.prepare(sql))]);
  }
}

/**
 * Splits a migration at the marks that drizzle-kit sets.
 *
 * @param sql a whole migration
 * @returns its statements
 */
export function splitStatements(sql: string): string[] {
  return sql
    .split("--> statement-breakpoint")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
