import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./source-files.ts";

const PAGES = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(ROOT, path)));
const LINK = /\]\(([^)\s]+)\)/g;
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
/** What stands between code marks is shown, not followed. */
const withoutCode = (text: string): string => text.replace(/```[\s\S]*?```/g, "").replace(/`[^`\n]*`/g, "");

/** The names by which headings are linked to, as GitHub makes them. */
function listAnchors(path: string): string[] {
  const headings = read(path)
    .replace(/```[\s\S]*?```/g, "")
    .matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = ""]) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

test.each(PAGES)("every link of %s leads somewhere", (page) => {
  const targets = [...withoutCode(read(page)).matchAll(LINK)].flatMap(([, target]) => target ?? []);
  const broken = targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page : join(dirname(page), path);
    if (!existsSync(join(ROOT, file))) return true;
    return anchor !== undefined && file.endsWith(".md") && !listAnchors(file).includes(anchor);
  });
  expect(broken).toEqual([]);
});
