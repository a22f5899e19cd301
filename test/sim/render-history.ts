import type { History } from "./run-history.ts";
import type { Traced } from "./world.ts";

const TIME_WIDTH = 6;

const renderLine = ({ atMs, words }: Traced) =>
  `${String(Math.round(atMs)).padStart(TIME_WIDTH)} ms  ${words}`;
const listFaults = ({ script }: History): Traced[] =>
  script.faults.map(({ atMs, kind, forMs, dice }) => ({
    atMs,
    words: `FAULT ${kind}, for ${forMs} ms (dice ${dice})`,
  }));

function render(history: History, lines: readonly Traced[]): string {
  const { seed, script, violations } = history;
  return [
    `seed ${seed} (npm run sim -- --seed ${seed}): ${JSON.stringify(script.topology)} ${JSON.stringify(script.settings)}`,
    ...[...lines].sort((a, b) => a.atMs - b.atMs).map(renderLine),
    ...violations.map((one) => `BROKEN ${one}`),
  ].join("\n");
}

/**
 * Renders a history for people: what went wrong in it, and the rules that were broken.
 *
 * @param history the history
 */
export function renderFailure(history: History): string {
  return render(history, listFaults(history));
}

/**
 * Renders a history with everything that happened in it.
 *
 * @param history the history
 * @param trace what happened in its world
 */
export function renderTrace(history: History, trace: readonly Traced[]): string {
  return render(history, [...listFaults(history), ...trace]);
}
