import { openElasticsearch } from "@evenkeel/sdk/open-elasticsearch";
import { openMongo } from "@evenkeel/sdk/open-mongo";
import { openMysql } from "@evenkeel/sdk/open-mysql";
import { openPostgres } from "@evenkeel/sdk/open-postgres";
import { openRedis } from "@evenkeel/sdk/open-redis";
import type { RoutedSource } from "@evenkeel/sdk/switching/open-source";
import { z } from "zod";
import type { OrderStore } from "./place-orders.ts";

/** A shop's data source: where orders go, and the source that follows the route. */
export interface OpenShop {
  readonly store: OrderStore;
  readonly source: RoutedSource;
}

const Row = z.object({ item: z.string() });
/** Connections that a shop opens to one side at most. */
const POOL_SIZE = 10;

/** How the SDK's snapshot of the route is kept. */
export interface ShopOptions {
  readonly snapshotFile: string;
}

/** How to open a shop's data source on each engine, by the kind of its monitor. */
export const OPEN_SHOP: Record<string, (config: string, options: ShopOptions) => Promise<OpenShop>> = {
  postgresql: async (config, options) => {
    const source = await openPostgres(config, { ...options, driver: { max: POOL_SIZE } });
    return {
      source,
      store: {
        write: async (id, item) => {
          const active = source.route()?.active ?? "";
          await source.pool.query("INSERT INTO orders (id, item, placed_in) VALUES ($1, $2, $3)", [
            id,
            item,
            active,
          ]);
        },
        read: async (id) => {
          const { rows } = await source.pool.query("SELECT item FROM orders WHERE id = $1", [id]);
          return Row.safeParse(rows[0]).data?.item ?? null;
        },
        active: () => source.route()?.active ?? null,
      },
    };
  },
  mysql: async (config, options) => {
    const source = await openMysql(config, { ...options, driver: { connectionLimit: POOL_SIZE } });
    return {
      source,
      store: {
        write: async (id, item) => {
          const active = source.route()?.active ?? "";
          await source.pool.execute("INSERT INTO orders (id, item, placed_in) VALUES (?, ?, ?)", [
            id,
            item,
            active,
          ]);
        },
        read: async (id) => {
          const [rows] = await source.pool.execute("SELECT item FROM orders WHERE id = ?", [id]);
          return Row.safeParse(Array.isArray(rows) ? rows[0] : null).data?.item ?? null;
        },
        active: () => source.route()?.active ?? null,
      },
    };
  },
  redis: async (config, options) => {
    const source = await openRedis(config, options);
    return {
      source,
      store: {
        write: async (id, item) => {
          await source.client.set(`order:${id}`, item);
        },
        read: async (id) => source.client.get(`order:${id}`),
        active: () => source.route()?.active ?? null,
      },
    };
  },
  mongodb: async (config, options) => {
    const source = await openMongo(config, { ...options, driver: { maxPoolSize: POOL_SIZE } });
    const orders = () => source.db().collection<{ _id: string; item: string }>("orders");
    return {
      source,
      store: {
        write: async (id, item) => void (await orders().insertOne({ _id: id, item })),
        read: async (id) => Row.safeParse(await orders().findOne({ _id: id })).data?.item ?? null,
        active: () => source.route()?.active ?? null,
      },
    };
  },
  elasticsearch: async (config, options) => {
    const source = await openElasticsearch(config, options);
    const { client } = source;
    return {
      source,
      store: {
        write: async (id, item) => void (await client.create({ index: "orders", id, body: { item } })),
        read: async (id) => {
          const { body } = await client.get({ index: "orders", id });
          return Row.safeParse(body._source).data?.item ?? null;
        },
        active: () => source.route()?.active ?? null,
      },
    };
  },
};
