import { writeFileSync } from "node:fs";
import { SENTENCES } from "@evenkeel/contracts/sentences";
import { FACT_VALUES, type Outcome, RULES, type Rule } from "@evenkeel/core/arbitration/rules";
import { SITE_FACT_VALUES, SITE_RULES, type SiteOutcome } from "@evenkeel/core/health/site-rules";

/** Where the printed tables go. */
const PAGE = "docs/arbitration-rules.md";

/** What both tables have in common. */
interface PrintedRule {
  readonly id: string;
  readonly when: object;
  readonly outcome: string;
  readonly serves: readonly string[];
}

function renderTable(rules: readonly PrintedRule[]): string {
  const rows = rules.map((rule) => {
    const when = Object.entries(rule.when).map(([fact, value]) => `${fact} = ${value}`);
    const sentence = SENTENCES[rule.id as keyof typeof SENTENCES].en;
    return `| ${rule.id} | ${when.join(", ")} | ${rule.outcome} | ${rule.serves.join(" ")} | ${sentence} |`;
  });
  return ["| rule | when | outcome | serves | sentence |", "| --- | --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
}

function renderFacts(values: Readonly<Record<string, readonly string[]>>): string {
  const rows = Object.entries(values).map(([name, list]) => `| ${name} | ${list.join(", ")} |`);
  return ["| fact | values |", "| --- | --- |", ...rows].join("\n");
}

/** Where a monitor stands after a rule with this outcome. */
const STATE_AFTER: Readonly<Record<Outcome, string>> = {
  rest: "resting",
  watch: "watching",
  alarm: "one_click",
  ask: "asking",
  drop: "watching",
  record: "recorded",
  switch: "switching",
};

/** The states as a Mermaid diagram: every rule is an arrow from the look at the facts to where it leads. */
function renderDiagram(rules: readonly Rule[]): string {
  const arrows = (Object.keys(STATE_AFTER) as Outcome[]).map((outcome) => {
    const ids = rules.filter((rule) => rule.outcome === outcome).map((rule) => rule.id.replace("ARB-", ""));
    return `  deciding --> ${STATE_AFTER[outcome]}: ${outcome} (${ids.join(" ")})`;
  });
  const back = [...new Set(Object.values(STATE_AFTER))]
    .filter((state) => state !== "switching")
    .map((state) => `  ${state} --> deciding: report, answer, time or command`);
  const lines = [
    "stateDiagram-v2",
    "  [*] --> deciding",
    ...arrows,
    ...back,
    "  switching --> verifying: a store has the new epoch",
    "  switching --> switching: candidate failed before any store had it",
    "  verifying --> disarmed: every reachable store has it",
    "  disarmed --> deciding: a person switches back, the waiting time passes, armed again",
  ];
  return ["```mermaid", ...lines, "```"].join("\n");
}

const SITE_OUTCOMES: Readonly<Record<SiteOutcome, string>> = {
  rest: "connected",
  watch: "not heard, too early to say",
  alarm: "a person is told once",
  lost: "site-down: alarm and one-click plan",
  move: "site-down: the same, and what stands there moves",
};

const siteOutcomes = Object.entries(SITE_OUTCOMES).map(([name, words]) => `\`${name}\` ${words}`);
const tables = `${renderTable(RULES)}\n\n${renderTable(SITE_RULES)}`;
const page = `# The arbitration's rules

Derived from \`core/arbitration/rules.ts\` and \`core/health/site-rules.ts\` by \`npm run rules\`. In each table the first row
whose pattern agrees with the facts decides; a fact that a row does not name may have any value. Every combination of facts
is enumerated by \`test/core/arbitration/rules.test.ts\` and \`test/core/health/site-rules.test.ts\`.

${renderDiagram(RULES)}

## One monitor

Outcomes: \`rest\` nothing to do; \`watch\` something is on its way; \`alarm\` a person is told once and offered one click;
\`ask\` every agent is asked for its present state, with a nonce; \`drop\` the question brought no switch and is asked again
later; \`record\` the decision is recorded and not carried out; \`switch\` a new epoch.

${renderFacts(FACT_VALUES)}

${renderTable(RULES)}

## One site

Outcomes: ${siteOutcomes.join("; ")}.

${renderFacts(SITE_FACT_VALUES)}

${renderTable(SITE_RULES)}
`;
writeFileSync(PAGE, page);
process.stdout.write(`${tables}\n\nwritten to ${PAGE}\n`);
