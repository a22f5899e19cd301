import { type EdgeProbe, EdgeSight, type EdgeTarget } from "@evenkeel/contracts/edge-sight";
import type { InstanceEvent } from "@evenkeel/contracts/event";
import type { Plan, PlannedMonitor } from "@evenkeel/contracts/plan";
import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { because } from "@evenkeel/contracts/sentences";
import { addEdgeProbe, type EdgeChange } from "@evenkeel/core/health/edge-sight";
import { EDGE_FAILED } from "@evenkeel/plugins/network-errors";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { z } from "zod";
import type { SeenFromEdge } from "./ports.ts";
import { readMeta, writeMeta } from "./storage.ts";

/** Targets of one instance that the control plane asks itself: a minute's pass has so many requests to spare. */
export const EDGE_TARGETS_MAX = 50;
/** The sights of one object by {@link keyOf}. They are stored, because an object sleeps between two minutes. */
const Sights = z.record(z.string(), EdgeSight);

/** Where they are stored. */
const KEY = "edge-sights";

/** What the control plane itself sees of public targets. */
export interface EdgeSights extends SeenFromEdge {
  /**
   * Takes what the control plane saw.
   *
   * @param plan the plan that holds: what it does not name any more is forgotten
   * @param probes what was seen
   * @param now control plane's clock in ms
   * @param newId makes ids of events
   * @returns events to record
   */
  take(plan: Plan, probes: readonly EdgeProbe[], now: number, newId: () => string): InstanceEvent[];
}

/**
 * Lists what the control plane itself is to ask.
 *
 * @param plan the plan
 * @returns monitored targets that people declared public, the first {@link EDGE_TARGETS_MAX} of them
 */
export function listEdgeTargets(plan: Plan): EdgeTarget[] {
  const targets = plan.monitors.flatMap((monitor) => {
    const plugin = findMonitorPlugin(monitor.kind);
    if (!monitor.monitored || plugin?.edgeRequest === undefined) return [];
    return monitor.dataCentres.flatMap(({ name, targetVersion, config }): EdgeTarget[] => {
      const request = plugin.edgeRequest?.(config) ?? null;
      const { accessTimeoutMs } = monitor.timing;
      if (request === null) return [];
      return [{ monitorId: monitor.id, dataCentre: name, targetVersion, request, accessTimeoutMs }];
    });
  });
  return targets.slice(0, EDGE_TARGETS_MAX);
}

/**
 * Makes the sights of one object.
 *
 * @param sql the object's database
 */
export function createEdgeSights(sql: SqlStorage): EdgeSights {
  let sights = Sights.parse(JSON.parse(readMeta(sql, KEY) ?? "{}"));
  return {
    find: (id, dataCentre) => {
      const key = Object.keys(sights).find((one) => one.startsWith(`${id}/${dataCentre}/`));
      return key === undefined ? null : (sights[key] ?? null);
    },
    take(plan, probes, now, newId) {
      const kept: Record<string, EdgeSight> = {};
      const events: InstanceEvent[] = [];
      for (const target of listEdgeTargets(plan)) {
        const key = keyOf(target);
        const before = sights[key] ?? null;
        const probe = probes.find((one) => keyOf(one) === key);
        const monitor = plan.monitors.find(({ id }) => id === target.monitorId);
        const change =
          probe === undefined || monitor === undefined ? null : judge(before, probe, monitor, now);
        const sight = change?.sight ?? before;
        if (sight !== null) kept[key] = sight;
        if (change !== null) events.push(...renderEvent(target, change, newId));
      }
      sights = kept;
      writeMeta(sql, KEY, JSON.stringify(sights));
      return events;
    },
  };
}

/** A new target version is another target: what was seen of the old one says nothing about it [SAFE-9]. */
function keyOf(target: Pick<EdgeProbe, "monitorId" | "dataCentre" | "targetVersion">): string {
  return `${target.monitorId}/${target.dataCentre}/${target.targetVersion}`;
}

function judge(
  before: EdgeSight | null,
  { dataCentre, outcome }: EdgeProbe,
  monitor: PlannedMonitor,
  now: number,
): EdgeChange | null {
  const settings = monitor.dataCentres.find(({ name }) => name === dataCentre)?.config ?? {};
  const plugin = findMonitorPlugin(monitor.kind);
  if (plugin === undefined) return null;
  const ended: ProbeOutcome =
    outcome.type === "failed" ? { ...outcome, error: { code: EDGE_FAILED, message: "" } } : outcome;
  const latencyMs = outcome.type === "answered" ? outcome.latencyMs : null;
  return addEdgeProbe(before, plugin.judge(ended, settings), latencyMs, monitor, now);
}

function renderEvent(
  { monitorId, dataCentre }: EdgeTarget,
  { turned, sight }: EdgeChange,
  newId: () => string,
): InstanceEvent[] {
  if (turned === null) return [];
  const type = turned === "failed" ? "edge-failed" : "edge-recovered";
  return [
    {
      id: `evt_${newId()}`,
      atMs: sight.atMs,
      type,
      level: turned === "failed" ? "major" : "info",
      monitorId,
      dataCentre,
      because: because(type, { dc: dataCentre, words: sight.words }),
      decision: null,
      epoch: null,
      timeLine: [],
    },
  ];
}
