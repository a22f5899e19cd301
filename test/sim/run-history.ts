import { judgeLiveness, listDisagreements } from "./judge-end.ts";
import { createRandom } from "./random.ts";
import {
  AGREED_MS,
  AGREEMENT_STEP_MS,
  boundOf,
  HEALED_MS,
  inject,
  type Script,
  writeScript,
} from "./script.ts";
import { createWorld, type World } from "./world.ts";

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
 * @param onWorld sees the world before it runs
 */
export async function runHistory(
  seed: number,
  script: Script = writeScript(createRandom(seed)),
  onWorld: (world: World) => unknown = () => undefined,
): Promise<History> {
  const world = createWorld(seed, script.topology, script.settings);
  onWorld(world);
  for (const fault of script.faults) inject(world, fault);
  try {
    await play(world, script);
  } catch (error) {
    world.fail("CRASH", error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  return {
    seed,
    violations: [...world.violations],
    automatic: world.switches.automatic(),
    changes: world.routes.changes(),
    faults: script.faults.length,
    script,
  };
}

async function play(world: World, script: Script): Promise<void> {
  const death = script.faults.at(-1);
  if (script.mustSwitch && death !== undefined) {
    await world.run(death.atMs + boundOf(death));
    judgeLiveness(world, death);
    return;
  }
  await world.run(HEALED_MS);
  let disagreements: readonly string[] = [];
  // Most agree at once: a history is over as soon as they do.
  for (let waitedMs = 0; waitedMs < AGREED_MS; waitedMs += AGREEMENT_STEP_MS) {
    await world.run(AGREEMENT_STEP_MS);
    disagreements = listDisagreements(world, script);
    if (disagreements.length === 0) return;
  }
  for (const words of disagreements) world.fail("AGREEMENT", words);
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
