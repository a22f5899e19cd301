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

/** What is watched. */
export interface DrainParts {
  /** @returns the side that calls go to now */
  active(): Side | null;
  /** Whether what stands beside the connections, such as copies of writes, is ready for a switch to a data centre. */
  isReady(dataCentre: string): boolean;
  /** Hears of the route that all has ended for; called once for each, never in the turn of the route itself. */
  onDrained(route: Route): void;
}

/**
 * Makes a watch. It looks at the active side from the route that announces a switch until the next route, or until
 * nothing is left of what was under way; new writes are held meanwhile, so that nothing is added.
 *
 * @param parts what is watched
 */
export function watchDrain({ active, isReady, onDrained }: DrainParts): DrainWatch {
  let timer: NodeJS.Timeout | null = null;
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  return {
    follow(route) {
      stop();
      const side = active();
      const { announced } = route;
      if (announced === undefined || side === null) return;
      const hasEnded = side.noteUse?.() ?? (() => side.busy() === 0);
      timer = setInterval(() => {
        if (!hasEnded() || !isReady(announced.to)) return;
        stop();
        onDrained(route);
      }, LOOK_MS);
    },
    close: stop,
  };
}
