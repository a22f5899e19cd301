import { readFileSync, writeFileSync } from "node:fs";

const PAGE = new URL("../../docs/benchmarks.md", import.meta.url);

/**
 * Puts what was measured into its section of docs/benchmarks.md and leaves every other one as it is.
 *
 * @param heading of the section, which the page has
 * @param text its new content, in Markdown
 * @throws Error if the page has no such section
 */
export function writeSection(heading: string, text: string): void {
  const page = readFileSync(PAGE, "utf8");
  const title = `## ${heading}\n`;
  const begin = page.indexOf(title);
  if (begin === -1) throw new Error(`docs/benchmarks.md has no section "${heading}"`);
  const next = page.indexOf("\n## ", begin);
  const rest = next === -1 ? "" : page.slice(next);
  writeFileSync(PAGE, `${page.slice(0, begin)}${title}\n${text.trim()}\n${rest}`);
}
