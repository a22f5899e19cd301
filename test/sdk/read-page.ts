import { readFileSync } from "node:fs";

/**
 * Reads a table of a page of the docs.
 *
 * @param page file below `docs/`
 * @param heading of the section that it stands in; the section's first table is taken
 * @returns the cells of each row below the table's head, code marks left out
 */
export function readTable(page: string, heading: string): string[][] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), "utf8");
  const section = text.split(/^##+ /m).find((each) => each.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${page} has no section ${heading}`);
  const [, table = ""] = /((?:^\|.*\|\n)+)/m.exec(section) ?? [];
  const rows = table.trim().split("\n").slice(2);
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim().replaceAll("`", "")),
  );
}
