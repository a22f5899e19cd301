import { writeFileSync } from "node:fs";
import { SENTENCES } from "@evenkeel/contracts/sentences";
import { RULES, type Rule } from "@evenkeel/core/arbitration/rules";

/** Where the printed table goes. */
const PAGE = "docs/arbitration-rules.md";

/** `npm run rules`: prints the arbitration's rule table and writes it into the documentation. */
function renderTable(rules: readonly Rule[]): string {
  const rows = rules.map((rule) => {
    const when = Object.entries(rule.when).map(([fact, value]) => `${fact} = ${value}`);
    const sentence = SENTENCES[rule.id as keyof typeof SENTENCES].en;
    return `| ${rule.id} | ${when.join(", ")} | ${rule.outcome} | ${rule.serves.join(" ")} | ${sentence} |`;
  });
  return ["| rule | when | outcome | serves | sentence |", "| --- | --- | --- | --- | --- |", ...rows].join(
    "\n",
  );
}

const table = renderTable(RULES);
const intro = `# The arbitration's rules

Derived from \`core/arbitration/rules.ts\` by \`npm run rules\`. The first row whose pattern agrees with the facts decides;
a fact that a row does not name may have any value. Every combination of facts is enumerated by
\`test/core/arbitration/rules.test.ts\`.

Outcomes: \`rest\` nothing to do; \`watch\` something is on its way; \`alarm\` a person is told once and offered one click;
\`ask\` every agent is asked for its present state, with a nonce; \`drop\` the question brought no switch and is asked again
later; \`record\` the decision is recorded and not carried out; \`switch\` a new epoch.

`;
writeFileSync(PAGE, `${intro}${table}\n`);
process.stdout.write(`${table}\n\nwritten to ${PAGE}\n`);
