/**
 * The step machine: a switch, and later a workflow, is a list of steps that are acted, looked at, repeated and passed.
 * It is pure: it is told what can be seen, and tells which acts are due. Acts carry (epoch, step) and may be repeated,
 * so that a crash at any point costs a repetition and nothing else [SAFE-7].
 */

/** What can be seen of a step. */
export type StepSight =
  | { readonly at: "waiting" }
  | { readonly at: "done" }
  /** The list ends here; what was done stays done. */
  | { readonly at: "failed" };

/** One kind of step. */
export interface StepDefinition {
  readonly id: string;
  /** `everyone`: all agents act and compare-and-swap decides. `one`: one agent acts at a time. `nobody`: a step to wait in. */
  readonly by: "everyone" | "one" | "nobody";
  /** The act is repeated after so long without an end, in ms; a step of one agent then goes to another one. */
  readonly repeatMs: number;
}

/** Where a run stands in its list. It is stored before its acts are sent. */
export interface StepPosition {
  readonly step: string;
  /** When its act was last due (control plane's clock, ms); null: not yet. */
  readonly actedAtMs: number | null;
  /** The agent that acts, for steps of one agent. */
  readonly runner: string | null;
}

/** What is to be done now. */
export type Advance =
  | {
      readonly outcome: "waiting";
      readonly position: StepPosition;
      /** True if the act of this position is due now, by `position.runner` where one agent acts. */
      readonly act: boolean;
    }
  | { readonly outcome: "ended"; readonly position: StepPosition }
  | { readonly outcome: "failed"; readonly position: StepPosition }
  /** No agent can act at present. */
  | { readonly outcome: "stranded"; readonly position: StepPosition }
  /** The step is none of ours: stored by another version of this program. Nothing is done, a person is told. */
  | { readonly outcome: "unknown-step"; readonly position: StepPosition };

/** What the machine is told. */
export interface StepSurroundings {
  readonly now: number;
  /** Agents that can act now, best first. */
  readonly available: readonly string[];
  /** What can be seen of a step. */
  readonly look: (step: string) => StepSight;
}

/**
 * The position at the beginning of a list.
 *
 * @param steps the list, at least one step
 * @throws Error for an empty list, which is a broken invariant
 */
export function beginSteps(steps: readonly StepDefinition[]): StepPosition {
  const [first] = steps;
  if (first === undefined) throw new Error("a list of steps has at least one");
  return { step: first.id, actedAtMs: null, runner: null };
}

/**
 * Computes where a run stands now, and whether an act is due.
 *
 * @param steps the list that the run was begun with
 * @param position where it stood
 * @param surroundings what can be seen now
 * @returns the position to be stored, and what is due
 */
export function advance(
  steps: readonly StepDefinition[],
  position: StepPosition,
  surroundings: StepSurroundings,
): Advance {
  let here = position;
  for (;;) {
    const index = steps.findIndex((step) => step.id === here.step);
    const definition = steps[index];
    if (definition === undefined) return { outcome: "unknown-step", position: here };
    const sight = surroundings.look(definition.id);
    if (sight.at === "failed") return { outcome: "failed", position: here };
    if (sight.at === "waiting") return stay(definition, here, surroundings);
    const next = steps[index + 1];
    if (next === undefined) return { outcome: "ended", position: here };
    // Each turn of this loop is one step further in a finite list.
    here = { step: next.id, actedAtMs: null, runner: null };
  }
}

function stay(definition: StepDefinition, here: StepPosition, surroundings: StepSurroundings): Advance {
  const { now, available } = surroundings;
  if (definition.by === "nobody") return { outcome: "waiting", position: here, act: false };
  const due = here.actedAtMs === null || now - here.actedAtMs >= definition.repeatMs;
  if (definition.by === "everyone") {
    if (available.length === 0) return { outcome: "stranded", position: here };
    return { outcome: "waiting", position: due ? { ...here, actedAtMs: now } : here, act: due };
  }
  const isThere = here.runner !== null && available.includes(here.runner);
  if (isThere && !due) return { outcome: "waiting", position: here, act: false };
  const runner = chooseRunner(available, here.runner);
  if (runner === null) return { outcome: "stranded", position: here };
  return { outcome: "waiting", position: { ...here, actedAtMs: now, runner }, act: true };
}

/** Take-over: whoever did not come to an end, or is gone, is followed by the next one; alone, it tries again. */
function chooseRunner(available: readonly string[], before: string | null): string | null {
  if (before === null) return available[0] ?? null;
  const index = available.indexOf(before);
  return available[(index + 1) % available.length] ?? null;
}

/**
 * When a run has to be looked at again by itself.
 *
 * @param steps the list
 * @param position where it stands
 * @param available agents that can act now
 * @returns control plane's clock in ms; null: nothing is due by itself
 */
export function computeStepDeadline(
  steps: readonly StepDefinition[],
  position: StepPosition,
  available: readonly string[],
): number | null {
  // Whoever comes next is an event of its own: without anybody to act there is nothing to wake up for.
  if (available.length === 0) return null;
  const definition = steps.find((step) => step.id === position.step);
  if (definition === undefined || definition.by === "nobody" || position.actedAtMs === null) return null;
  return position.actedAtMs + definition.repeatMs;
}
