import { Redis } from "ioredis";
import mysql from "mysql2/promise";
import pg from "pg";
import { Client } from "undici";

/** A kept connection of a driver that asks the least that can be asked. */
export interface BareConnection {
  ask(): Promise<unknown>;
}

/** Where a bare driver connects, and as whom. */
export interface BareTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** How each kind's usual driver keeps one connection. */
export const BARE_DRIVERS: Readonly<Record<string, (target: BareTarget) => Promise<BareConnection>>> = {
  async mysql(target) {
    const connection = await mysql.createConnection({ ...target });
    return { ask: () => connection.query("SELECT 1") };
  },
  async postgresql(target) {
    const client = new pg.Client({ ...target });
    await client.connect();
    return { ask: () => client.query("SELECT 1") };
  },
  async redis({ host, port, user, password }) {
    const client = new Redis({ host, port, username: user, password, lazyConnect: true });
    await client.connect();
    return { ask: () => client.ping() };
  },
  async api({ host, port }) {
    const client = new Client(`http://${host}:${port}`);
    return {
      async ask() {
        const { body, statusCode } = await client.request({ path: "/health", method: "GET" });
        await body.dump();
        return statusCode;
      },
    };
  },
};
