import type { MonitorView } from "@evenkeel/contracts/api";
import { inheritTiming } from "@evenkeel/contracts/plan";
import type { dataCentres, instances, monitors, sites } from "../db/schema.ts";
import { computeKindTiming } from "../plan/build-plan.ts";
import { listSealedTo, type Recipient, warnOfUnsealed } from "../plan/seal.ts";
import { findPlugin } from "../registry.ts";

/** What showing a monitor needs to know beside its rows. */
export interface ShowScope {
  readonly instance: typeof instances.$inferSelect;
  readonly sites: readonly (typeof sites.$inferSelect)[];
  readonly recipients: readonly Recipient[];
}

/**
 * Shows a monitor, with the values that it inherits and without its secrets.
 *
 * @param monitor its row
 * @param rows the rows of its data centres
 * @param scope the instance around it
 * @returns what the API answers
 */
export function showMonitor(
  monitor: typeof monitors.$inferSelect,
  rows: readonly (typeof dataCentres.$inferSelect)[],
  scope: ShowScope,
): MonitorView {
  const plugin = findPlugin(monitor.kind, "kind");
  const names = new Map(scope.sites.map(({ id, name }) => [id, name]));
  const sealed = rows.map((row) => row.sealed ?? monitor.sealed ?? null);
  return {
    id: monitor.id,
    instanceId: monitor.instanceId,
    applicationId: monitor.applicationId,
    kind: monitor.kind,
    name: monitor.name,
    switchable: plugin.switchable,
    hasRoute: plugin.hasRoute,
    monitored: monitor.monitored,
    automatic: monitor.automatic,
    timing: monitor.timing,
    effectiveTiming: inheritTiming(monitor.timing, computeKindTiming(plugin, scope.instance.timing)),
    failOn: monitor.failOn,
    windows: monitor.windows,
    pools: monitor.pools,
    common: monitor.common,
    dataCentres: rows.map((row, index) => ({
      name: row.name,
      site: names.get(row.siteId) ?? row.siteId,
      siteId: row.siteId,
      priority: row.priority,
      config: row.config,
      targetVersion: row.targetVersion,
      hasSecret: sealed[index] != null,
      sealedTo: listSealedTo(sealed[index]),
    })),
    warnings: warnOfUnsealed(sealed, scope.recipients),
    createdAtMs: monitor.createdAtMs,
    updatedAtMs: monitor.updatedAtMs,
  };
}
