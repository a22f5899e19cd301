import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { OPEN_SHOP } from "./order-stores.ts";
import { placeOrders } from "./place-orders.ts";
import { wallMs } from "./shop-clock.ts";
import type { ShopEvent } from "./shop-event.ts";

/**
 * The demo shop: an application like any other, which knows the SDK's configuration and nothing else of the lab.
 * It prints one JSON line per event. Usage: `node lab/shop/main.ts --snapshots DIR postgresql=FILE …`
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { snapshots: { type: "string" } },
});
const snapshotDir = values.snapshots;
if (snapshotDir === undefined || positionals.length === 0) {
  throw new Error("usage: node lab/shop/main.ts --snapshots DIR ENGINE=CONFIGURATION …");
}

let ending = false;
const tell = (event: ShopEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);

async function runShop(engine: string, file: string, snapshots: string): Promise<void> {
  const open = OPEN_SHOP[engine];
  if (open === undefined) throw new Error(`the shop has no orders for ${engine}`);
  const { source, store } = await open(await readFile(file, "utf8"), {
    snapshotFile: join(snapshots, "routes.json"),
  });
  source.on("switched", (event) =>
    tell({ type: "switched", engine, to: event.to, epoch: event.epoch, atMs: event.atMs }),
  );
  source.on("route", ({ route, atMs }) =>
    tell({ type: "route", engine, active: route.active, epoch: route.epoch, atMs }),
  );
  source.on("connected", () => tell({ type: "store", engine, connected: true, atMs: wallMs() }));
  source.on("stale", () => tell({ type: "store", engine, connected: false, atMs: wallMs() }));
  tell({ type: "ready", engine, atMs: wallMs() });
  await placeOrders(engine, store, tell, () => ending);
  await source.close();
}

process.once("SIGTERM", () => {
  ending = true;
});
await Promise.all(
  positionals.map((argument) => {
    const [engine, file] = argument.split("=");
    if (engine === undefined || file === undefined)
      throw new Error(`${argument} is not ENGINE=CONFIGURATION`);
    return runShop(engine, file, snapshotDir);
  }),
);
