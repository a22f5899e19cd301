/** How bad a finding is: `good`; `doubtful`: it works, and somebody should look; `bad`: it does not work. */
export type FindingState = "good" | "doubtful" | "bad";

/** One thing that the doctor looked at. */
export interface Finding {
  readonly state: FindingState;
  /** What was looked at: `control plane`, `store main at 10.0.0.1:2379`, … */
  readonly subject: string;
  /** What was found, in words; never a secret. */
  readonly words: string;
  /** What to do about it; null for what is good. */
  readonly fix: string | null;
}

/** A finding that needs nothing. */
export function good(subject: string, words: string): Finding {
  return { state: "good", subject, words, fix: null };
}

/** A finding that works for now. */
export function doubtful(subject: string, words: string, fix: string): Finding {
  return { state: "doubtful", subject, words, fix };
}

/** A finding that has to be mended. */
export function bad(subject: string, words: string, fix: string): Finding {
  return { state: "bad", subject, words, fix };
}

const MARKS: Readonly<Record<FindingState, string>> = { good: "ok  ", doubtful: "look", bad: "BAD " };

/**
 * Renders findings for a terminal: a line each, what to do below it, and a line that counts them.
 *
 * @param findings in the order in which they are to stand
 */
export function renderFindings(findings: readonly Finding[]): string {
  const count = (state: FindingState) => findings.filter((finding) => finding.state === state).length;
  const lines = findings.flatMap(({ state, subject, words, fix }) => [
    `${MARKS[state]} ${subject}: ${words}`,
    ...(fix === null ? [] : [`       → ${fix.replaceAll("\n", "\n         ")}`]),
  ]);
  return [...lines, `${count("good")} good, ${count("doubtful")} to look at, ${count("bad")} bad`, ""].join(
    "\n",
  );
}
