import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "vite";

/** The project's folder. */
export const ROOT = new URL("../..", import.meta.url).pathname;

/** One source file: its path from the root, its text, its lines. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly lines: number;
}

/** Lists the TypeScript files that git tracks or would track. */
export function listSourceFiles(): SourceFile[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.tsx", "*.mjs"],
    {
      cwd: ROOT,
      encoding: "utf8",
    },
  );
  return listed
    .split("\n")
    .filter((path) => path !== "" && existsSync(join(ROOT, path)))
    .map((path) => {
      const text = readFileSync(join(ROOT, path), "utf8");
      return { path, text, lines: text.split("\n").length - 1 };
    });
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Parses a file into an ESTree program. */
export function parse(file: SourceFile): Node {
  const { program, errors } = parseSync(file.path, file.text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file.path}: ${error.message}`);
  return program as unknown as Node;
}

/** Visits every node of a tree. */
export function walk(node: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, visit);
    return;
  }
  if (typeof node !== "object" || node === null || !("type" in node)) return;
  visit(node as Node);
  for (const value of Object.values(node))
    if (typeof value === "object" && value !== null) walk(value, visit);
}

/** One import of a file: the specifier, and whether only types come from it. */
export interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
}

/** Lists the static and dynamic imports of a program. */
export function listImports(program: Node): Import[] {
  const found: Import[] = [];
  walk(program, (node) => {
    const source = node.source as { value?: unknown } | null | undefined;
    if (typeof source?.value !== "string") return;
    const kind = node.importKind ?? node.exportKind;
    if (/^(Import|ExportNamed|ExportAll)Declaration$|^ImportExpression$/.test(node.type)) {
      found.push({ from: source.value, typeOnly: kind === "type" });
    }
  });
  return found;
}

/** One function: where it stands and how many lines it has. */
export interface FunctionSize {
  readonly path: string;
  readonly line: number;
  readonly lines: number;
}

/** Measures the functions of a program. */
export function measureFunctions(file: SourceFile, program: Node): FunctionSize[] {
  const sizes: FunctionSize[] = [];
  const lineAt = (offset: number) => file.text.slice(0, offset).split("\n").length;
  walk(program, (node) => {
    if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
    const line = lineAt(node.start);
    sizes.push({ path: file.path, line, lines: lineAt(node.end) - line + 1 });
  });
  return sizes;
}

/** Tells whether a node makes a zod schema only to parse something with it: `Settings.omit(…).parse(…)`. */
export function isSchemaMadeToParse(node: Node): boolean {
  const parsing = readMethodCall(node);
  if (parsing === null || !/^(safeParse|parse)(Async)?$/.test(parsing.method)) return false;
  const making = readMethodCall(parsing.of);
  if (making === null) return false;
  return (
    /^(omit|pick|extend|partial|required|catchall)$/.test(making.method) ||
    (making.of.type === "Identifier" && making.of.name === "z")
  );
}

function readMethodCall(node: Node): { readonly method: string; readonly of: Node } | null {
  const callee = node.callee as Node | undefined;
  if (node.type !== "CallExpression" || callee?.type !== "MemberExpression") return null;
  const { name } = callee.property as { readonly name?: unknown };
  return typeof name === "string" ? { method: name, of: callee.object as Node } : null;
}
