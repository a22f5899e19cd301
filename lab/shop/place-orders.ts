import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { wallMs } from "./shop-clock.ts";
import type { ShopEvent } from "./shop-event.ts";

/** One order every 20 ms, as long as they succeed. */
const ORDER_EVERY_MS = 20;
/** A customer whose order failed tries again after so long, in milliseconds. */
const RETRY_AFTER_MS = 5;
const ID_BYTES = 12;

/** What a shop needs of a data store. */
export interface OrderStore {
  /** Writes an order; resolves when the store has acknowledged it. */
  write(id: string, item: string): Promise<void>;
  /** Reads an order back. @returns the item, or null if it is not there */
  read(id: string): Promise<string | null>;
  /** Active data centre that the data source follows at present. */
  active(): string | null;
}

/**
 * Places orders one after the other until told to end: writes, reads back, reports.
 *
 * @param engine name of the engine, for the report
 * @param store where the orders go
 * @param tell receives what became of each order
 * @param isEnding asked before each order
 */
export async function placeOrders(
  engine: string,
  store: OrderStore,
  tell: (event: ShopEvent) => void,
  isEnding: () => boolean,
): Promise<void> {
  while (!isEnding()) {
    const startedAtMs = wallMs();
    const error = await placeOrder(engine, store, startedAtMs, tell);
    const waitMs = error === null ? ORDER_EVERY_MS - (wallMs() - startedAtMs) : RETRY_AFTER_MS;
    await delay(Math.max(1, waitMs));
  }
}

async function placeOrder(
  engine: string,
  store: OrderStore,
  startedAtMs: number,
  tell: (event: ShopEvent) => void,
): Promise<string | null> {
  // Ids begin with their time, so that they sort, and are never used twice.
  const id = `${Math.floor(startedAtMs).toString(36)}${randomBytes(ID_BYTES).toString("hex")}`;
  const item = `item-${id.slice(-4)}`;
  const dataCentre = store.active();
  let acknowledged = false;
  let problem: unknown = null;
  try {
    await store.write(id, item);
    acknowledged = true;
    const found = await store.read(id);
    if (found !== item) problem = new Error(`read ${String(found)} instead of what was acknowledged`);
  } catch (error) {
    problem = error;
  }
  const error = problem === null ? null : nameError(problem);
  const message = problem instanceof Error ? problem.message.slice(0, 300) : null;
  tell({ type: "order", engine, id, dataCentre, startedAtMs, atMs: wallMs(), error, acknowledged, message });
  return error;
}

function nameError(problem: unknown): string {
  if (!(problem instanceof Error)) return "unknown";
  const code = "code" in problem && typeof problem.code === "string" ? problem.code : null;
  return code ?? (problem.name === "Error" ? problem.message.slice(0, 60) : problem.name);
}
