import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import type { EngineDataCentre } from "@evenkeel/lab/engines/engine-handle";
import type { LabEngine } from "@evenkeel/lab/engines/lab-engines";
import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import pg from "pg";
import { openMysql } from "../../sdk/open-mysql.ts";
import { openPostgres } from "../../sdk/open-postgres.ts";
import { openRedis } from "../../sdk/open-redis.ts";
import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import type { Rig } from "./many-switches.ts";

const OPTIONS = { snapshotFile: false } as const;
const SLEEP_S = 0.2;

/** One driver over the SDK. */
export interface OpenedDriver {
  readonly source: RoutedSource;
  /** Asks the least that can be asked. */
  ask(): Promise<unknown>;
  /** Keeps one connection busy for a moment, so that the pool opens another. */
  sleep(): Promise<unknown>;
  readonly transact: Rig["transact"];
}

/** A driver, bare and over the SDK. */
export interface SdkDriver {
  readonly name: string;
  readonly engine: LabEngine;
  readonly portBase: number;
  connect(site: EngineDataCentre, max: number): Promise<{ ask(): Promise<unknown>; end(): Promise<void> }>;
  open(config: SdkConfigInput, max: number): Promise<OpenedDriver>;
}

const mysql2: SdkDriver = {
  name: "mysql2",
  engine: "mysql",
  portBase: 27_100,
  async connect({ host, port, database = "", users }, max) {
    const pool = mysql.createPool({ host, port, database, ...users.app, connectionLimit: max });
    return { ask: () => pool.query("SELECT 1"), end: () => pool.end() };
  },
  async open(config, max) {
    const source = await openMysql(config, { ...OPTIONS, driver: { connectionLimit: max } });
    const { pool } = source;
    const insert = "INSERT INTO orders (id, item) VALUES (?, 'test')";
    return {
      source,
      ask: () => pool.query("SELECT 1"),
      sleep: () => pool.query(`SELECT SLEEP(${SLEEP_S})`),
      async transact(first, second) {
        const connection = await pool.getConnection();
        try {
          await connection.beginTransaction();
          await connection.execute(insert, [first]);
          await connection.execute(insert, [second]);
          await connection.commit();
          connection.release();
        } catch (error) {
          connection.destroy();
          throw error;
        }
      },
    };
  },
};

const postgres: SdkDriver = {
  name: "pg",
  engine: "postgresql",
  portBase: 27_000,
  async connect({ host, port, database = "", users }, max) {
    const pool = new pg.Pool({ host, port, database, ...users.app, max });
    return { ask: () => pool.query("SELECT 1"), end: () => pool.end() };
  },
  async open(config, max) {
    const source = await openPostgres(config, { ...OPTIONS, driver: { max } });
    const { pool } = source;
    const insert = "INSERT INTO orders (id, item) VALUES ($1, 'test')";
    return {
      source,
      ask: () => pool.query("SELECT 1"),
      sleep: () => pool.query(`SELECT pg_sleep(${SLEEP_S})`),
      async transact(first, second) {
        const client = await pool.connect();
        try {
          await client.query("BEGIN");
          await client.query(insert, [first]);
          await client.query(insert, [second]);
          await client.query("COMMIT");
          client.release();
        } catch (error) {
          client.release(true);
          throw error;
        }
      },
    };
  },
};

const ioredis: SdkDriver = {
  name: "ioredis",
  engine: "redis",
  portBase: 27_200,
  async connect({ host, port, users: { app } }) {
    const redis = new Redis({ host, port, username: app.user, password: app.password });
    return { ask: () => redis.get("order:bench"), end: async () => redis.disconnect() };
  },
  async open(config) {
    const source = await openRedis(config, OPTIONS);
    const { client } = source;
    return {
      source,
      ask: () => client.get("order:bench"),
      // One connection carries all calls.
      sleep: () => client.get("order:bench"),
      async transact(first, second) {
        const results = await client
          .multi()
          .set(`order:${first}`, "test")
          .set(`order:${second}`, "test")
          .exec();
        // ioredis resolves even where a command of the transaction was refused.
        for (const [error] of results ?? []) if (error !== null) throw error;
      },
    };
  },
};

/** The drivers whose cost is measured, and that many switches are tried with. */
export const SDK_DRIVERS: readonly SdkDriver[] = [mysql2, postgres, ioredis];
