import { AppError } from "@evenkeel/contracts/errors";
import {
  inheritTiming,
  Plan,
  type PlannedDataCentre,
  type PlannedMonitor,
  type PlannedStore,
  type Timing,
  type TimingOverrides,
} from "@evenkeel/contracts/plan";
import type { MonitorPlugin } from "@evenkeel/contracts/plugin";
import { lookUpPlugin } from "../registry.ts";
import { findMonitor, type PlanRows } from "./rows.ts";

/**
 * Builds the plan that agents and arbitration work from.
 *
 * @param rows the catalogue of one instance
 * @returns a plan with the version after the published one
 */
export function buildPlan(rows: PlanRows): Plan {
  const { instance } = rows;
  return Plan.parse({
    version: (rows.published?.version ?? 0) + 1,
    instanceId: instance.id,
    instanceName: instance.name,
    settings: instance.settings,
    sites: rows.sites.map(({ id, name, kind }) => ({ id, name, kind })),
    stores: rows.stores.map(planStore),
    monitors: rows.monitors.map((monitor) => planMonitor(monitor, rows)),
  });
}

/**
 * The timing that monitors of a kind inherit in an instance.
 *
 * @param plugin the kind
 * @param overrides what the instance sets itself, by kind
 * @returns the kind's defaults with that on top
 */
export function computeKindTiming(
  plugin: MonitorPlugin,
  overrides: Readonly<Record<string, TimingOverrides>>,
): Timing {
  return inheritTiming(overrides[plugin.kind] ?? {}, plugin.defaults);
}

function planStore(store: PlanRows["stores"][number]): PlannedStore {
  const { id, name, sites, endpoints, user, sealed, caPem, clientCertPem, masMirror } = store;
  return { id, name, sites, endpoints, user, caPem, clientCertPem, masMirror, sealed: sealed ?? null };
}

function planMonitor(monitor: PlanRows["monitors"][number], rows: PlanRows): PlannedMonitor {
  const plugin = lookUpPlugin(monitor.kind);
  if (plugin === undefined) {
    throw new AppError(
      "internal",
      `Monitor ${monitor.id} is of kind ${monitor.kind}, which this version does not have`,
    );
  }
  return {
    id: monitor.id,
    name: monitor.name,
    kind: monitor.kind,
    applicationId: monitor.applicationId,
    switchable: plugin.switchable,
    monitored: monitor.monitored,
    automatic: monitor.automatic && plugin.switchable,
    windows: monitor.windows,
    timing: inheritTiming(monitor.timing, computeKindTiming(plugin, rows.instance.timing)),
    failOn: monitor.failOn,
    home: "dc1",
    dataCentres: (findMonitor(rows, monitor.id)?.dataCentres ?? []).map((dataCentre) =>
      planDataCentre(dataCentre, monitor),
    ),
  };
}

function planDataCentre(
  dataCentre: PlanRows["dataCentres"][number],
  monitor: PlanRows["monitors"][number],
): PlannedDataCentre {
  return {
    name: dataCentre.name,
    site: dataCentre.siteId,
    priority: dataCentre.priority,
    targetVersion: dataCentre.targetVersion,
    config: { ...monitor.common, ...dataCentre.config },
    sealed: dataCentre.sealed ?? monitor.sealed ?? null,
  };
}
