import type { PlannedMonitor } from "@evenkeel/contracts/plan";

/** A planned monitor with two data centres, whose public settings a test adds to. */
export function plannedMonitor(kind: string, config: Record<string, unknown>): PlannedMonitor {
  const dataCentre = (number: number) => ({
    ...{ name: `dc${number}`, site: `site_${number}`, priority: number, targetVersion: 1, sealed: null },
    config: { address: `192.0.2.${number}:3306`, ...config },
  });
  return {
    ...{ id: "mon_orders1", name: "orders", kind, applicationId: "app_shop01", home: "dc1" },
    ...{ switchable: true, monitored: true, automatic: true, windows: [], failOn: [] },
    timing: {
      ...{ retryIntervalMs: 500, monitorTimeoutMs: 1000, accessTimeoutMs: 200, healthPrecision: 1 },
      ...{ healthyThreshold: 1, unhealthyThreshold: 2, fastRefuse: false },
    },
    dataCentres: [dataCentre(1), dataCentre(2)],
  };
}
