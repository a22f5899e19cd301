import { ArbitrationSettings, Plan, type PlannedMonitor } from "@evenkeel/contracts/plan";

export const INSTANCE = "ins_test01";
export const APPLICATION = "app_shop01";
/** Ids of the monitors, in the order in which a topology uses them. The third one lives in dc2. */
export const MONITORS = ["mon_orders1", "mon_users01", "mon_stock01"] as const;
/** The monitor that every installation has. */
export const MONITOR = MONITORS[0];
/** Timing of the monitors, in virtual milliseconds. */
export const TIMING = {
  retryIntervalMs: 500,
  monitorTimeoutMs: 1500,
  accessTimeoutMs: 300,
  healthPrecision: 1,
  healthyThreshold: 1,
  unhealthyThreshold: 2,
  fastRefuse: false,
} as const;

/** What stands where. */
export interface Topology {
  readonly dataSites: 2 | 3;
  readonly witness: boolean;
  readonly stores: "one" | "per-site";
  readonly monitors: 1 | 2 | 3;
  /** Whether agents have ports for each other. */
  readonly links: boolean;
  /** Whether processes of every other monitor hold new writes, so that a planned switch is announced. */
  readonly holds: boolean;
}

/** The sites of a topology: s1, s2, perhaps s3 and the witness sw. */
export function listSites({ dataSites, witness }: Topology): string[] {
  return ["s1", "s2", ...(dataSites === 3 ? ["s3"] : []), ...(witness ? ["sw"] : [])];
}

/** The data centre that stands in a site. */
export const dcOf = (site: string) => site.replace("s", "dc");
/** The site in which a data centre stands. */
export const siteOf = (dataCentre: string) => dataCentre.replace("dc", "s");
/** Name of a target: one monitor's database in one data centre. */
export const targetOf = (monitorId: string, dataCentre: string) => `${monitorId}/${dataCentre}`;
/** The site in which a target stands. */
export const siteOfTarget = (target: string) => siteOf(target.slice(target.indexOf("/") + 1));
/** The site of a store; null: it spans all. */
export const siteOfStore = (id: string) => (id === "main" ? null : id.slice("etcd-".length));

function planMonitor(id: string, index: number, sites: readonly string[]): PlannedMonitor {
  const home = index === 2 ? "dc2" : "dc1";
  return {
    id,
    name: id,
    kind: "fake",
    applicationId: APPLICATION,
    switchable: true,
    monitored: true,
    automatic: true,
    windows: [],
    failOn: [],
    home,
    timing: TIMING,
    dataCentres: sites.map((site, at) => ({
      name: dcOf(site),
      site,
      priority: dcOf(site) === home ? 1 : at + 2,
      targetVersion: 1,
      config: { target: targetOf(id, dcOf(site)), version: 1 },
      sealed: null,
    })),
  };
}

/** Plans are never changed in place, and a thousand histories need but a few. */
const plans = new Map<string, Plan>();

/**
 * Makes the plan of an installation.
 *
 * @param topology sites, stores and monitors
 * @param settings what differs from the defaults of the arbitration
 */
export function makePlan(topology: Topology, settings: Partial<ArbitrationSettings>): Plan {
  const key = JSON.stringify([topology, settings]);
  const known = plans.get(key);
  if (known !== undefined) return known;
  const sites = listSites(topology);
  const dataSites = sites.filter((site) => site !== "sw");
  const stores = topology.stores === "one" ? ["main"] : dataSites.map((site) => `etcd-${site}`);
  const plan = Plan.parse({
    version: 1,
    instanceId: INSTANCE,
    instanceName: "sim",
    settings: ArbitrationSettings.parse({ switchBackHealthMs: 5000, rearmAfterMs: 5000, ...settings }),
    sites: sites.map((id) => ({ id, name: id, kind: id === "sw" ? "witness" : "data" })),
    stores: stores.map((id) => ({
      id,
      endpoints: ["127.0.0.1:1"],
      sites: id === "main" ? [] : [id.slice("etcd-".length)],
      user: null,
      sealed: null,
      caPem: null,
    })),
    monitors: MONITORS.slice(0, topology.monitors).map((id, index) => planMonitor(id, index, dataSites)),
  });
  plans.set(key, plan);
  return plan;
}
