import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import type { MessageId } from "../locales/en.ts";

/** One switch that a person may ask for. */
export interface SwitchOffer {
  readonly type: "switch" | "switch-back";
  readonly to: string;
}

/** What a person can do with a monitor now. */
export interface Offers {
  readonly switches: readonly SwitchOffer[];
  readonly access: boolean;
  readonly arm: boolean;
  /** Why nothing can be done; null if something can. */
  readonly blocked: MessageId | null;
}

/**
 * Lists what a person can ask of a monitor. What is offered may still be refused: the dialog says why.
 *
 * @param monitor the monitor
 * @param operates whether the person's role may switch
 * @param trusted whether the picture may be acted on
 */
export function offerCommands(monitor: LiveMonitor, operates: boolean, trusted: boolean): Offers {
  const others = monitor.switchable
    ? monitor.dataCentres.map(({ name }) => name).filter((name) => name !== monitor.active)
    : [];
  const home = others
    .filter((to) => to === monitor.home)
    .map((to): SwitchOffer => ({ type: "switch-back", to }));
  const away = others.filter((to) => to !== monitor.home).map((to): SwitchOffer => ({ type: "switch", to }));
  return {
    switches: [...home, ...away],
    access: monitor.switchable,
    arm: monitor.switchable && monitor.automatic && !monitor.armed && monitor.active === monitor.home,
    blocked: findBlock(monitor, operates, trusted),
  };
}

function findBlock(monitor: LiveMonitor, operates: boolean, trusted: boolean): MessageId | null {
  if (!monitor.switchable) return "offer.not-switchable";
  if (!operates) return "offer.role";
  if (!trusted) return "offer.stale";
  return monitor.switching === null ? null : "offer.switching";
}

/**
 * Whether a switch is what a person probably came for: away from a side that fails, or home, to a side that works.
 *
 * @param monitor the monitor
 * @param offer the switch
 */
export function isAdvised(monitor: LiveMonitor, offer: SwitchOffer): boolean {
  const stateOf = (dc: string) => monitor.dataCentres.find(({ name }) => name === dc)?.state;
  const better = offer.type === "switch-back" || stateOf(monitor.active) !== "normal";
  return better && stateOf(offer.to) === "normal";
}

/** What a person saw when a dialog opened; the command carries exactly this. */
export interface Sight {
  readonly monitorId: string;
  readonly active: string;
  readonly epoch: number;
}

/**
 * Notes what a person sees of a monitor.
 *
 * @param monitor the monitor as it is on the screen
 */
export function takeSight(monitor: LiveMonitor): Sight {
  return { monitorId: monitor.id, active: monitor.active, epoch: monitor.epoch };
}

/**
 * Whether what a person saw still holds.
 *
 * @param sight what was seen
 * @param view the present picture
 * @returns `changed` also if the monitor is gone
 */
export function compareSight(sight: Sight, view: LiveView): "same" | "changed" {
  const monitor = view.monitors.find(({ id }) => id === sight.monitorId);
  const same = monitor?.epoch === sight.epoch && monitor.active === sight.active;
  return same ? "same" : "changed";
}
