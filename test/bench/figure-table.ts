/** A figure, and what it was to be. */
export interface Row {
  readonly figure: string;
  readonly measured: string;
  /** Null: it is only told. */
  readonly goal: { readonly words: string; readonly met: boolean } | null;
}

/** Collects figures, tells each as it comes, and prints them all in the end. */
export interface FigureTable {
  add(row: Row): void;
  /** Prints the table in Markdown; the process fails if a goal is missed. */
  print(): void;
}

/** Makes an empty table. */
export function createFigureTable(): FigureTable {
  const rows: Row[] = [];
  return {
    add(row) {
      rows.push(row);
      console.error(`${row.figure}: ${row.measured}`);
    },
    print() {
      console.log("| figure | measured | goal | met |\n| --- | --- | --- | --- |");
      for (const { figure, measured, goal } of rows) {
        const met = goal === null ? "–" : goal.met ? "yes" : "no";
        console.log(`| ${figure} | ${measured} | ${goal?.words ?? "–"} | ${met} |`);
      }
      if (rows.some(({ goal }) => goal?.met === false)) process.exitCode = 1;
    },
  };
}

/** @returns the value in the middle; 0 of none */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
