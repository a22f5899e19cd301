import { wallMs } from "./shop-clock.ts";
import { type OrderEvent, ShopEvent } from "./shop-event.ts";

/** Orders that the lab remembers for counting lost writes; older ones are forgotten. */
const ORDERS_MAX = 200_000;
/** The picture shows the rate of so long, in milliseconds. */
const RATE_WINDOW_MS = 5000;

/** What the lab knows of its shop. */
export interface ShopFeed {
  /** Takes one line of the shop's output; what is no event is left to the log. */
  take(line: string): void;
  /** Calls a listener for every event. @returns a function that stops that */
  on(listener: (event: ShopEvent) => void): () => void;
  orders(engine: string): readonly OrderEvent[];
  /** Numbers for the picture. */
  summary(engine: string): ShopSummary;
  forget(): void;
}

/** What the picture shows of one engine's orders. */
export interface ShopSummary {
  readonly placed: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly lastError: string | null;
  readonly active: string | null;
  readonly epoch: number | null;
  readonly storeConnected: boolean;
}

/** Makes an empty feed. */
export function createShopFeed(): ShopFeed {
  const listeners = new Set<(event: ShopEvent) => void>();
  const byEngine = new Map<string, OrderEvent[]>();
  const routes = new Map<string, { active: string; epoch: number }>();
  const connected = new Map<string, boolean>();
  const counts = new Map<string, { placed: number; failed: number; lastError: string | null }>();

  function note(event: ShopEvent): void {
    switch (event.type) {
      case "order": {
        const orders = byEngine.get(event.engine) ?? [];
        byEngine.set(event.engine, orders);
        orders.push(event);
        if (orders.length > ORDERS_MAX) orders.splice(0, ORDERS_MAX / 2);
        const before = counts.get(event.engine) ?? { placed: 0, failed: 0, lastError: null };
        const failed = event.error !== null;
        counts.set(event.engine, {
          placed: before.placed + (failed ? 0 : 1),
          failed: before.failed + (failed ? 1 : 0),
          lastError: failed ? `${event.error}: ${event.message ?? ""}` : before.lastError,
        });
        return;
      }
      case "route":
        routes.set(event.engine, { active: event.active, epoch: event.epoch });
        return;
      case "store":
        connected.set(event.engine, event.connected);
        return;
      case "ready":
      case "switched":
        return;
    }
  }

  return {
    take(line) {
      if (!line.startsWith("{")) return;
      const event = ShopEvent.safeParse(parseJson(line)).data;
      if (event === undefined) return;
      note(event);
      for (const listener of listeners) listener(event);
    },
    on(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    orders: (engine) => byEngine.get(engine) ?? [],
    summary(engine) {
      const count = counts.get(engine) ?? { placed: 0, failed: 0, lastError: null };
      const since = wallMs() - RATE_WINDOW_MS;
      const orders = byEngine.get(engine) ?? [];
      let recent = 0;
      for (let at = orders.length - 1; at >= 0 && (orders[at]?.atMs ?? 0) > since; at -= 1) {
        if (orders[at]?.error === null) recent += 1;
      }
      const route = routes.get(engine);
      return {
        ...count,
        perSecond: Math.round((recent * 1000) / RATE_WINDOW_MS),
        active: route?.active ?? null,
        epoch: route?.epoch ?? null,
        storeConnected: connected.get(engine) ?? true,
      };
    },
    forget() {
      byEngine.clear();
    },
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
