import type { LiveDataCentre, LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import { formatDuration } from "../language/format.ts";
import type { Message } from "../language/words.ts";
import { nameSite } from "./instance-summary.ts";
import { STATE_WORDS } from "./state-look.ts";

/** Something to know before a switch. `refuses`: without force the control plane will say no. */
export interface SwitchCheck {
  readonly level: "refuses" | "warns" | "fine";
  readonly message: Message;
  /** Id of a message that is itself a blank of the message above. */
  readonly state?: Message;
  /** The judgement in the control plane's own words. */
  readonly words?: string;
}

/**
 * Foretells what a switch would meet, from what is on the screen. The control plane asks all agents again and decides.
 *
 * @param view the picture
 * @param monitor the monitor
 * @param to the wanted data centre
 * @returns the checks, those that refuse first
 */
export function checkSwitch(view: LiveView, monitor: LiveMonitor, to: string): SwitchCheck[] {
  return sortChecks([...checkReach(view), ...checkMember(view, monitor, to)]);
}

/**
 * Foretells what concerns one monitor alone; what concerns all of them is `checkReach`.
 *
 * @param view the picture
 * @param monitor the monitor
 * @param to the wanted data centre
 * @returns the checks, those that refuse first
 */
export function checkMember(view: LiveView, monitor: LiveMonitor, to: string): SwitchCheck[] {
  const target = monitor.dataCentres.find(({ name }) => name === to);
  const active = monitor.dataCentres.find(({ name }) => name === monitor.active);
  return sortChecks([
    ...(monitor.switching === null
      ? []
      : [{ level: "refuses" as const, message: { id: "offer.switching" as const } }]),
    ...(monitor.marks.includes("split-brain-suspected")
      ? [{ level: "refuses" as const, message: { id: "check.split-brain" as const } }]
      : []),
    ...(target === undefined ? [] : checkTarget(view, monitor, target)),
    ...checkActive(active),
  ]);
}

function sortChecks(checks: SwitchCheck[]): SwitchCheck[] {
  const order = { refuses: 0, warns: 1, fine: 2 };
  return checks.sort((a, b) => order[a.level] - order[b.level]);
}

/**
 * Foretells what concerns every switch of an instance: agents that write routes, and stores that take them.
 *
 * @param view the picture
 */
export function checkReach(view: LiveView): SwitchCheck[] {
  if (!view.agents.some((agent) => agent.connected)) {
    return [{ level: "refuses", message: { id: "check.no-agent" } }];
  }
  const lost = view.stores.filter((store) => !store.reachable);
  if (lost.length === view.stores.length) return [{ level: "refuses", message: { id: "check.no-store" } }];
  if (lost.length === 0) return [];
  const stores = lost.map(({ name }) => name).join(", ");
  return [{ level: "warns", message: { id: "check.stores-owed", values: { stores } } }];
}

function checkTarget(view: LiveView, monitor: LiveMonitor, target: LiveDataCentre): SwitchCheck[] {
  const { name, state, words } = target;
  const site = nameSite(view.sites, target.site);
  const answers = view.agents.some((agent) => agent.connected && agent.site === target.site);
  const checks: SwitchCheck[] = [];
  if (!answers)
    checks.push({ level: "refuses", message: { id: "check.no-target-agent", values: { to: name, site } } });
  if (state !== "normal") {
    checks.push({
      level: "refuses",
      message: { id: "check.target-state", values: { to: name } },
      state: { id: STATE_WORDS[state] },
      words,
    });
    return checks;
  }
  const needMs = view.settings.switchBackHealthMs;
  const forMs = target.healthyForMs ?? 0;
  if (name === monitor.home && forMs < needMs) {
    const values = { to: name, forMs: formatDuration(forMs), needMs: formatDuration(needMs) };
    checks.push({ level: "refuses", message: { id: "check.home-not-proven", values } });
  }
  if (checks.length === 0) {
    const values = { to: name, forMs: formatDuration(forMs) };
    checks.push({ level: "fine", message: { id: "check.target-normal", values } });
  }
  return checks;
}

function checkActive(active: LiveDataCentre | undefined): SwitchCheck[] {
  if (active === undefined) return [];
  const values = { from: active.name };
  return active.state === "normal"
    ? [{ level: "warns", message: { id: "check.active-healthy", values } }]
    : [
        {
          level: "fine",
          message: { id: "check.active-ill", values },
          state: { id: STATE_WORDS[active.state] },
          words: active.words,
        },
      ];
}
