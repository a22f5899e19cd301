import type { Route } from "@evenkeel/contracts/route";
import type { Side } from "./side.ts";

/** Milliseconds between two looks at what is still under way. */
const LOOK_MS = 5;

/** Finds out when what was under way at the announcement of a switch has ended. */
export interface DrainWatch {
  /** Follows a route. */
  follow(route: Route): void;
  close(): void;
}

/**
 * Makes a watch. It looks at the active side from the route that announces a switch until the next route, or until
 * nothing is left of what was under way; new writes are held meanwhile, so that nothing is added.
 *
 * @param active the side that calls go to now
 * @param onDrained hears of the route that it has ended for; called once for each, never in the turn of the route itself
 */
export function watchDrain(active: () => Side | null, onDrained: (route: Route) => void): DrainWatch {
  let timer: NodeJS.Timeout | null = null;
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  return {
    follow(route) {
      stop();
      const side = active();
      if (route.announced === undefined || side === null) return;
      const hasEnded = side.noteUse?.() ?? (() => side.busy() === 0);
      timer = setInterval(() => {
        if (!hasEnded()) return;
        stop();
        onDrained(route);
      }, LOOK_MS);
    },
    close: stop,
  };
}
