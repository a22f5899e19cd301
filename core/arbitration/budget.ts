import { findMonitor } from "./monitor-rows.ts";
import { computeSight, isHeard, type SightCase } from "./sight.ts";
import { type Case, DAY_MS, type InstanceState, type MonitorState } from "./state.ts";

/** What goes on in an instance at a moment, for the budgets. */
export interface Trouble {
  readonly sites: ReadonlyMap<string, SiteTrouble>;
  /** Automatic switches of the last 24 hours. */
  readonly today: number;
}

/** What goes on in one site at a moment. */
export interface SiteTrouble {
  /** Automatic switches away from it in the last minute. */
  readonly moved: number;
  /** Its monitors that fail or are asked about now: what may move together is counted together. */
  readonly askers: number;
  /** Tells whether every site with a clear sight sees most of its monitors fail; looked at when first asked for. */
  isMost(): boolean;
}

const MINUTE_MS = 60_000;

/**
 * Tells whether the budgets leave an automatic switch to a person. They count what is about to move with what has
 * moved, so that a site is never moved by halves: most of it down as seen from every answering site lifts the budgets
 * of site and instance, that of the single monitor stands [SAFE-6].
 *
 * @param subject the case
 */
export function isBudgetSpent(subject: Case): boolean {
  const { monitor, planned, now, instance } = subject;
  const { budgetPerMonitorDay, budgetPerSiteMinute, budgetPerInstanceDay } = instance.plan.settings;
  if (countSince(monitor, now - DAY_MS) >= budgetPerMonitorDay) return true;
  const { sites, today } = subject.moment.trouble();
  const here = sites.get(homeSite(planned) ?? "");
  if (here === undefined) return false;
  const isOver = here.moved + here.askers > budgetPerSiteMinute || today + here.askers > budgetPerInstanceDay;
  return isOver && !here.isMost();
}

function countSince(monitor: MonitorState, sinceMs: number): number {
  let count = 0;
  for (const at of monitor.automaticAtMs) if (at > sinceMs) count += 1;
  return count;
}

function homeSite(planned: Case["planned"]): string | undefined {
  return planned.dataCentres.find((dc) => dc.name === planned.home)?.site;
}

/**
 * Looks at all monitors once.
 *
 * @param instance the instance
 * @param now control plane's clock in ms
 */
export function computeTrouble(instance: InstanceState, now: number): Trouble {
  const sites = new Map<string, { moved: number; askers: number; subjects: SightCase[] }>();
  let today = 0;
  for (const planned of instance.plan.monitors) {
    const monitor = findMonitor(instance, planned.id);
    const site = homeSite(planned);
    if (monitor === undefined || site === undefined) continue;
    const entry = sites.get(site) ?? { moved: 0, askers: 0, subjects: [] };
    sites.set(site, entry);
    entry.moved += countSince(monitor, now - MINUTE_MS);
    today += countSince(monitor, now - DAY_MS);
    if (!planned.switchable || !planned.monitored || monitor.route.active !== planned.home) continue;
    if (monitor.armed && planned.automatic && isInTrouble(instance, monitor, now)) entry.askers += 1;
    entry.subjects.push({ instance, monitor, planned, now });
  }
  const counted = [...sites].map(
    ([id, { moved, askers, subjects }]) => [id, { moved, askers, isMost: lookOnce(subjects) }] as const,
  );
  return { sites: new Map(counted), today };
}

function lookOnce(subjects: readonly SightCase[]): () => boolean {
  let known: boolean | null = null;
  return () => {
    known ??= isMost(subjects);
    return known;
  };
}

/** By site that looks: how many of the monitors it can see, and how many of those fail. */
type Tally = Map<string, { seen: number; failing: number }>;

function countSights(subject: SightCase, tally: Tally): void {
  const { votes } = computeSight(subject, subject.monitor.route.active, "reports");
  for (const [site, { vote }] of Object.entries(votes)) {
    const isSeen = vote === "up" || vote === "down" || vote === "failing";
    if (!isSeen) continue;
    const entry = tally.get(site) ?? { seen: 0, failing: 0 };
    tally.set(site, entry);
    entry.seen += 1;
    if (vote !== "up") entry.failing += 1;
  }
}

function isMost(subjects: readonly SightCase[]): boolean {
  const tally: Tally = new Map();
  for (const subject of subjects) countSights(subject, tally);
  return tally.size > 0 && [...tally.values()].every(({ seen, failing }) => failing * 2 > seen);
}

/** A cheap look: some agent that is heard reports that the active side fails, or a question is out. */
function isInTrouble(instance: InstanceState, monitor: MonitorState, now: number): boolean {
  if (monitor.asking !== null && monitor.run === null) return true;
  const { active } = monitor.route;
  return Object.entries(monitor.observations).some(([agentId, seen]) => {
    const agent = instance.agents[agentId];
    return agent !== undefined && isHeard(agent, instance, now) && seen[active]?.observation.failing != null;
  });
}

/**
 * The maintenance window that is open for a monitor.
 *
 * @param planned the monitor
 * @param now control plane's clock in ms: windows are for people, whose clock this is
 * @returns null: none
 */
export function findOpenWindow(
  planned: Case["planned"],
  now: number,
): Case["planned"]["windows"][number] | null {
  return planned.windows.find((window) => window.fromMs <= now && now < window.untilMs) ?? null;
}
