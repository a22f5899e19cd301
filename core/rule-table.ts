/** A row of a rule table: a pattern over facts. */
export interface TableRow<Facts> {
  readonly id: string;
  /** Facts that a row does not name may have any value. */
  readonly when: Partial<Facts>;
}

/**
 * Finds the row of a rule table for a case: the first whose pattern agrees with the facts.
 *
 * @param rows the table; the order is part of its meaning
 * @param facts the case
 * @returns the row
 * @throws Error if no row matches, which is a broken invariant: tables cover every combination
 */
export function findRow<Facts extends object, Row extends TableRow<Facts>>(
  rows: readonly Row[],
  facts: Facts,
): Row {
  for (const row of rows) if (agrees(row.when, facts)) return row;
  throw new Error(`no rule matches ${JSON.stringify(facts)}`);
}

function agrees<Facts extends object>(when: Partial<Facts>, facts: Facts): boolean {
  for (const name in when) if (when[name] !== facts[name]) return false;
  return true;
}
