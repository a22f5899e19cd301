import { HORIZON_MS, inject, type Script, SWITCH_BOUND_MS, writeScript } from "./faults.ts";
import { createRandom } from "./random.ts";
import { createWorld, MONITOR } from "./world.ts";

/** What became of one history. */
export interface History {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly automatic: number;
  readonly changes: number;
  readonly faults: number;
  readonly script: Script;
}

/** Fewer runs than this to make a failing script smaller. */
const SHRINK_RUNS_MAX = 60;

/**
 * Runs the history of a seed.
 *
 * @param seed the seed
 * @param script what happens; by default what the seed says
 */
export async function runHistory(
  seed: number,
  script: Script = writeScript(createRandom(seed)),
): Promise<History> {
  const world = createWorld(seed, script.topology);
  for (const fault of script.faults) inject(world, fault);
  const death = script.faults.at(-1);
  const dueMs = script.mustSwitch && death !== undefined ? death.atMs + SWITCH_BOUND_MS : HORIZON_MS;
  const crashed: string[] = [];
  try {
    await world.run(dueMs);
    if (script.mustSwitch) judgeLiveness(world);
    else await world.run(HORIZON_MS - dueMs);
  } catch (error) {
    crashed.push(`CRASH: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  return {
    seed,
    violations: [...world.oracles.violations, ...crashed],
    automatic: world.oracles.automatic(),
    changes: world.oracles.changes(),
    faults: script.faults.length,
    script,
  };
}

function judgeLiveness(world: ReturnType<typeof createWorld>): void {
  // Without a witness two sites are two domains; both are connected here, so that the evidence suffices.
  for (const { site, follower } of world.applications) {
    const route = follower.routeOf(MONITOR);
    if (route !== null && route.active !== "dc1") continue;
    const alarm = world.instance.row(MONITOR)?.alarm;
    world.oracles.fail(
      "LIVENESS",
      `home is dead for ${SWITCH_BOUND_MS} ms and the SDK in ${site} still uses it (alarm ${alarm})`,
    );
  }
}

/**
 * Makes the script of a failing history smaller: faults are dropped one by one while it still fails.
 *
 * @param history the failing history
 * @returns a failing history with as few faults as were found
 */
export async function shrink(history: History): Promise<History> {
  let smallest = history;
  let runs = 0;
  for (let index = 0; index < smallest.script.faults.length && runs < SHRINK_RUNS_MAX; ) {
    const isDeath = smallest.script.mustSwitch && index === smallest.script.faults.length - 1;
    const faults = smallest.script.faults.filter((_, at) => at !== index);
    runs += 1;
    const tried = isDeath ? null : await runHistory(history.seed, { ...smallest.script, faults });
    if (tried !== null && tried.violations.length > 0) smallest = tried;
    else index += 1;
  }
  return smallest;
}

/** Renders a failing history for people. */
export function renderFailure(history: History): string {
  const { seed, script, violations } = history;
  const faults = [...script.faults]
    .sort((a, b) => a.atMs - b.atMs)
    .map((fault) => `    ${fault.atMs} ms: ${fault.kind}, for ${fault.forMs} ms (dice ${fault.dice})`);
  return [
    `seed ${seed} (npm run sim -- --seed ${seed}): ${JSON.stringify(script.topology)}`,
    ...faults,
    ...violations.map((one) => `  ${one}`),
  ].join("\n");
}
