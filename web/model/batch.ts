import type { LiveDataCentre, LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import { checkMember, checkReach, type SwitchCheck } from "./check-switch.ts";
import { compareSight, type Sight, takeSight } from "./offer-commands.ts";

/** Which monitors a person wants to move together. */
export interface BatchScope {
  /** Id of the site that they are to leave; null: those that are away from home, to bring them back. */
  readonly siteId: string | null;
  /** Only those of one application; null: of all. */
  readonly applicationId: string | null;
}

/** One monitor of a batch as a person saw it, and where it is to go. */
export interface BatchMember {
  readonly sight: Sight;
  /** Data centres that it can go to, the best first. */
  readonly targets: readonly string[];
}

/** What a person chose among the members. */
export interface BatchChoice {
  readonly left: ReadonlySet<string>;
  /** Targets other than the best, by monitor id. */
  readonly targets: ReadonlyMap<string, string>;
}

/** Everything is moved, each monitor to its best target. */
export const WHOLE_BATCH: BatchChoice = { left: new Set(), targets: new Map() };

/** A member with the present state of its monitor. */
export interface BatchRow {
  readonly member: BatchMember;
  /** Null: the monitor is gone. */
  readonly monitor: LiveMonitor | null;
  readonly picked: boolean;
  /** Null: there is nowhere to go. */
  readonly to: string | null;
  /** What the person saw does not hold any more. */
  readonly changed: boolean;
  readonly checks: readonly SwitchCheck[];
}

/** A batch as it stands on the screen. */
export interface BatchPlan {
  readonly rows: readonly BatchRow[];
  /** Rows that would be moved. */
  readonly picked: readonly BatchRow[];
  /** What concerns all of them. */
  readonly reach: readonly SwitchCheck[];
  /** One of the picked rows does not hold any more. */
  readonly changed: boolean;
  /** Names of the picked monitors that the control plane would probably refuse to move. */
  readonly blocked: readonly string[];
  /** Picked rows that would leave a healthy side. */
  readonly leavingHealthy: number;
}

/**
 * Lists the sites that a batch can leave: those in which something is active that can be switched.
 *
 * @param view the picture
 * @returns sites in trouble first, for they are the ones that people leave
 */
export function listLeavableSites(view: LiveView): LiveView["sites"] {
  const isTroubled = ({ state }: LiveView["sites"][number]) => state === "lost" || state === "unheard";
  const sites = view.sites.filter(
    ({ id }) => takeMembers(view, { siteId: id, applicationId: null }).length > 0,
  );
  return [...sites.filter(isTroubled), ...sites.filter((site) => !isTroubled(site))];
}

/**
 * Notes the monitors of a scope as a person sees them now.
 *
 * @param view the picture
 * @param scope which monitors
 */
export function takeMembers(view: LiveView, scope: BatchScope): BatchMember[] {
  return view.monitors
    .filter(({ switchable, applicationId }) => {
      return switchable && (scope.applicationId === null || applicationId === scope.applicationId);
    })
    .filter((monitor) =>
      scope.siteId === null ? monitor.active !== monitor.home : findActive(monitor)?.site === scope.siteId,
    )
    .map((monitor) => ({ sight: takeSight(monitor), targets: listTargets(monitor, scope.siteId) }));
}

/**
 * Puts members that would probably be refused before the others: a person looks at the top of a long list.
 *
 * @param view the picture
 * @param members the members
 */
export function sortBlockedFirst(view: LiveView, members: readonly BatchMember[]): BatchMember[] {
  const isBlocked = ({ to, checks }: BatchRow) =>
    to === null || checks.some(({ level }) => level === "refuses");
  const { rows } = planBatch(view, members, WHOLE_BATCH);
  return [...rows.filter(isBlocked), ...rows.filter((row) => !isBlocked(row))].map(({ member }) => member);
}

/** Healthy data centres of other sites first, then home, then the rest in their order. */
function listTargets(monitor: LiveMonitor, siteId: string | null): string[] {
  if (siteId === null) return [monitor.home];
  const others = monitor.dataCentres.filter(({ name, site }) => name !== monitor.active && site !== siteId);
  const rank = ({ name, state }: LiveDataCentre) =>
    (state === "normal" ? 0 : 2) + (name === monitor.home ? 0 : 1);
  return others.sort((a, b) => rank(a) - rank(b)).map(({ name }) => name);
}

function findActive(monitor: LiveMonitor): LiveDataCentre | undefined {
  return monitor.dataCentres.find(({ name }) => name === monitor.active);
}

/**
 * Lays a batch out: each monitor's state and target, what would stand in its way, and whether it still is as it was seen.
 *
 * @param view the picture
 * @param members the monitors as the person saw them
 * @param choice what the person chose
 */
export function planBatch(view: LiveView, members: readonly BatchMember[], choice: BatchChoice): BatchPlan {
  const rows = members.map((member): BatchRow => {
    const { monitorId } = member.sight;
    const monitor = view.monitors.find(({ id }) => id === monitorId) ?? null;
    const to = choice.targets.get(monitorId) ?? member.targets[0] ?? null;
    const picked = to !== null && !choice.left.has(monitorId);
    const checks = monitor === null || to === null ? [] : checkMember(view, monitor, to);
    return { member, monitor, picked, to, changed: compareSight(member.sight, view) === "changed", checks };
  });
  const picked = rows.filter((row) => row.picked);
  return {
    rows,
    picked,
    reach: checkReach(view),
    changed: picked.some(({ changed }) => changed),
    blocked: picked
      .filter(({ checks }) => checks.some(({ level }) => level === "refuses"))
      .map(({ member, monitor }) => monitor?.name ?? member.sight.monitorId),
    leavingHealthy: picked.filter(
      ({ monitor }) => monitor !== null && findActive(monitor)?.state === "normal",
    ).length,
  };
}
