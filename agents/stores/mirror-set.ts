import type { RouteWrite } from "@evenkeel/contracts/agent-protocol";
import type { Plan, PlannedMonitor, PlannedStore } from "@evenkeel/contracts/plan";
import type { RouteStore, StorePut } from "@evenkeel/contracts/route-store";
import { renderMasMirror } from "./mas-mirror.ts";
import { syncMasMirror } from "./mas-mirror-sync.ts";

/** The mirrors of an agent's stores. */
export interface MirrorSet {
  /** Takes the monitors of a plan. */
  follow(plan: Plan): void;
  /** What a route's own transaction writes beside it in this store. */
  render(planned: PlannedStore, write: RouteWrite): StorePut[];
  /** Writes what the mirrors of a store lack. What fails is told, and tried again when it comes back or the plan changes. */
  sync(planned: PlannedStore, store: RouteStore): Promise<void>;
}

/** What the set needs to know. */
export interface MirrorSetOptions {
  readonly instanceId: string;
  /** Tells the operator of a mirror that cannot be written. */
  readonly say: (line: string) => void;
}

/**
 * Makes the mirrors of one agent; stores without `masMirror` get none.
 *
 * @param options the instance and who listens
 */
export function createMirrorSet(options: MirrorSetOptions): MirrorSet {
  let monitors: ReadonlyMap<string, PlannedMonitor> = new Map();
  return {
    follow(plan) {
      monitors = new Map(plan.monitors.map((monitor) => [monitor.id, monitor]));
    },
    render(planned, { monitorId, route }) {
      const monitor = planned.masMirror === true ? monitors.get(monitorId) : undefined;
      const mirror = monitor === undefined ? null : renderMasMirror(monitor);
      // A monitor that cannot be mirrored has no followers there whom its route could leave behind.
      return mirror === null || "words" in mirror ? [] : mirror.status(route.active);
    },
    async sync(planned, store) {
      if (planned.masMirror !== true) return;
      for (const monitor of monitors.values()) {
        const outcome = await syncMasMirror(store, options.instanceId, monitor);
        if (outcome.result === "failed") options.say(`store ${planned.id}, MAS mirror: ${outcome.words}`);
      }
    },
  };
}
