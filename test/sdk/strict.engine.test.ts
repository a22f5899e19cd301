import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openPostgres, type PostgresSource } from "../../sdk/open-postgres.ts";
import { eventually } from "../eventually.ts";
import { startTwoSites, type TwoSites } from "./two-sites.ts";

const PORT_BASE = 26_900;
const BEAT_EVERY_MS = 200;
const SLOW_MS = 120_000;
const INSERT = "INSERT INTO orders (id, item) VALUES ($1, 'strict')";

let sites: TwoSites | null = null;
let why = "";
let source: PostgresSource | null = null;
let stopBeating: () => Promise<void> = async () => undefined;

beforeAll(async () => {
  const started = await startTwoSites("postgresql", PORT_BASE);
  if (typeof started === "string") why = started;
  else sites = started;
}, SLOW_MS);
afterAll(async () => {
  await stopBeating();
  await source?.close();
  await sites?.destroy();
}, SLOW_MS);

function startBeating(at: TwoSites): void {
  let running = true;
  const heart = (async () => {
    while (running) {
      await at.beat();
      await setTimeout(BEAT_EVERY_MS);
    }
  })();
  stopBeating = async () => {
    running = false;
    await heart;
  };
}

test("[SAFE-11] strict: without a site that beats nothing writes, what is open is cut, reads go on, and all comes back", {
  timeout: SLOW_MS,
}, async (context) => {
  if (sites === null) return context.skip(why);
  await sites.route({ active: "dc1" });
  const router = { ...sites.config.router, protection: "strict" as const };
  const opened = await openPostgres({ ...sites.config, router }, { snapshotFile: false });
  source = opened;
  const { pool } = opened;
  const write = (id: string = `strict-${randomUUID()}`) => pool.query(INSERT, [id]);
  // A beat stands in the store, but nobody knows how old it is.
  await expect(write()).rejects.toMatchObject({ code: "EVENKEEL_NOT_WRITABLE", retryable: true });
  startBeating(sites);
  await eventually(() => write());
  const client = await pool.connect();
  const id = `strict-${randomUUID()}`;
  await client.query("BEGIN");
  await client.query(INSERT, [id]);
  const lapsed = new Promise((resolve) => opened.on("lease", resolve));
  await stopBeating();
  expect(await lapsed).toEqual({ held: false });
  await expect(client.query("COMMIT")).rejects.toMatchObject({ code: "EVENKEEL_NOT_WRITABLE" });
  client.release();
  await expect(write()).rejects.toMatchObject({ code: "EVENKEEL_NOT_WRITABLE" });
  expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  expect((await sites.engine.holdsOrders("dc1", [id])).size).toBe(0);
  startBeating(sites);
  await eventually(() => write());
});
