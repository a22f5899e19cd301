import type { Judgement } from "@evenkeel/contracts/observation";
import { type Cell, type Column, ILLNESSES, type Illness, type Proof } from "./column.ts";

/** What a run has shown. */
export interface Shown {
  readonly column: Column;
  readonly illness: Illness;
  readonly judgement: Judgement;
}

const PROOFS: Readonly<Record<Proof, string>> = {
  engine: "",
  fixture: "fixture",
  sample: "sample",
};

/**
 * Renders what a run has shown, the same for every run.
 *
 * @param columns every kind
 * @param shown the judgement of each cell that was run
 * @returns Markdown
 */
export function renderPage(columns: readonly Column[], shown: readonly Shown[]): string {
  const find = (column: Column, illness: Illness) =>
    shown.find((one) => one.column === column && one.illness === illness)?.judgement;
  const illnesses = Object.keys(ILLNESSES) as Illness[];
  return [
    "<!-- Derived by `vitest run -u --project engine test/plugins/fault-matrix.engine.test.ts`; do not edit. -->",
    "# What a monitor says of each illness",
    INTRODUCTION,
    renderTable(
      ["illness", ...columns.map((column) => column.kind)],
      [
        ["*shown with*", ...columns.map((column) => column.server)],
        ...illnesses.map((illness) => [
          ILLNESSES[illness],
          ...columns.map((column) => renderShort(column.cells[illness], find(column, illness))),
        ]),
      ],
    ),
    ...illnesses.flatMap((illness) => [
      `## ${ILLNESSES[illness]}`,
      renderTable(
        ["kind", "shown with", "verdict", "reason", "code", "words", "what to do"],
        columns.map((column) => renderLong(column, column.cells[illness], find(column, illness))),
      ),
    ]),
  ]
    .join("\n\n")
    .concat("\n");
}

const INTRODUCTION = `This page is written by the run that proves it: one contract suite puts every kind of monitor through every illness. Each probe
ended within its deadline (plus 50 ms, plus what our own event loop was late by at that moment), left no socket behind and showed no
password; a cell that is missing, and a page that says anything else than the run, fail the suite.

A verdict without a remark was given by the engine itself. *fixture*: by a server of ours that misbehaves, or answers as the engine's
manual says. *sample*: only the judge was shown what the engine would answer. Addresses and figures that differ from run to run
are replaced: \`<address>\`, \`N\`.`;

function renderShort(cell: Cell, judgement: Judgement | undefined): string {
  if ("cannot" in cell) return "–";
  if ("notRun" in cell || judgement === undefined) return "not run";
  const proof = PROOFS[cell.by];
  return `${judgement.verdict}: ${judgement.reason}${proof === "" ? "" : ` (${proof})`}`;
}

function renderLong(column: Column, cell: Cell, judgement: Judgement | undefined): string[] {
  const { kind, server } = column;
  if ("cannot" in cell) return [kind, "–", "", "", "", `cannot be: ${cell.cannot}`, ""];
  if ("notRun" in cell || judgement === undefined)
    return [kind, "–", "", "", "", `not run: ${"notRun" in cell ? cell.notRun : "see above"}`, ""];
  const { verdict, reason, code, words, advice } = judgement;
  const remark = cell.remark === undefined ? "" : ` *(${cell.remark})*`;
  const by = PROOFS[cell.by];
  return [
    kind,
    by === "" ? server : by,
    verdict,
    reason,
    code === undefined ? "" : `\`${normalise(code)}\``,
    `${normalise(words)}${remark}`,
    normalise(advice ?? ""),
  ];
}

/** What differs from run to run. */
const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/(?:\b127\.0\.0\.1|\blocalhost|\[::1\]|\bno-such-host\.invalid):\d+/g, "<address>"],
  [/\b\d+(?:\.\d+)? ms\b/g, "N ms"],
  [/\bpgsql_tmp\d+\.\d+/g, "pgsql_tmpN"],
  [/\b\d+ of \d+ connections\b/g, "N of N connections"],
  [/\bport \d+\b/g, "port N"],
  // A machine without a resolver says that it cannot be reached, which means the same here.
  [/EAI_AGAIN/g, "ENOTFOUND"],
];

function normalise(text: string): string {
  return CHANGING.reduce((changed, [pattern, by]) => changed.replace(pattern, by), text);
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("<", "&lt;").trim()).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
