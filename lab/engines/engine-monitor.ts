import { PROBE_USER, SHOP_DATABASE } from "./engine-handle.ts";

/** What a monitor of an engine is told of its servers. */
export interface EngineMonitor {
  /** Settings that hold in both data centres. */
  readonly common: Readonly<Record<string, unknown>>;
  /** Settings of one data centre, whose server is reached at an address (`host:port`). */
  target(address: string): Readonly<Record<string, unknown>>;
  readonly secret: Readonly<Record<string, string>>;
}

/** The monitor of an engine with databases: one account and one address. */
export function watchDatabase(password: string): EngineMonitor {
  return {
    common: { user: PROBE_USER, monitoredDatabase: SHOP_DATABASE, connectedDatabases: [SHOP_DATABASE] },
    target: (address) => ({ address }),
    secret: { password },
  };
}
