import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as monitors from "@evenkeel/plugins/monitors";
import { describe, expect, it } from "vitest";
import {
  isSchemaMadeToParse,
  listImports,
  listSourceFiles,
  measureFunctions,
  parse,
  ROOT,
  walk,
} from "./source-files.ts";

const files = listSourceFiles();
const programs = new Map(files.map((file) => [file, parse(file)]));
const workspaceOf = (path: string) => path.split("/")[0] ?? "";

/**
 * What each folder may import: other workspaces and packages. `types:` marks what only `import type` may name.
 * The table is the architecture: a new entry is a decision.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  contracts: ["zod"],
  core: ["@evenkeel/contracts"],
  plugins: ["@evenkeel/contracts", "zod", "types:mysql2", "types:pg", "types:undici", "types:node:"],
  "route-store": ["@evenkeel/contracts", "undici", "zod", "node:"],
  "durable-objects": ["@evenkeel/contracts", "@evenkeel/core", "@evenkeel/plugins", "cloudflare:", "zod"],
  workers: [
    "@evenkeel/contracts",
    "@evenkeel/core",
    "@evenkeel/plugins",
    "@evenkeel/durable-objects",
    "hono",
    "@hono/",
    "hono-openapi",
    "drizzle-orm",
    "jose",
    "yaml",
    "zod",
    "node:",
    "cloudflare:",
  ],
  agents: [
    "@evenkeel/contracts",
    "@evenkeel/core",
    "@evenkeel/plugins",
    "@evenkeel/route-store",
    "ws",
    "jose",
    "undici",
    "zod",
    "node:",
  ],
  sdk: [
    "@evenkeel/contracts",
    "@evenkeel/route-store",
    "yaml",
    "zod",
    "node:",
    "pg",
    "mysql2",
    "ioredis",
    "mongodb",
    "@elastic/elasticsearch",
    "@opentelemetry/api",
  ],
  // As an application would: nothing but the SDK and its own packages.
  examples: ["@evenkeel/sdk", "express", "drizzle-orm", "ioredis", "node:"],
  cli: ["@evenkeel/contracts", "node:", "zod"],
  web: [
    "@evenkeel/contracts",
    "@evenkeel/plugins",
    "types:@evenkeel/workers",
    "react",
    "react-dom",
    "antd",
    "@ant-design/",
    "@tanstack/",
    "@lingui/",
    "hono",
    "vite",
    "@vitejs/",
    "zod",
    "node:",
  ],
};

function isAllowed(from: string, typeOnly: boolean, allowed: readonly string[]): boolean {
  return allowed.some((entry) => {
    const name = entry.replace(/^types:/, "");
    if (entry.startsWith("types:") && !typeOnly) return false;
    return name.endsWith(":") || name.endsWith("/")
      ? from.startsWith(name)
      : from === name || from.startsWith(`${name}/`);
  });
}

describe("imports", () => {
  it.each(Object.entries(MAY_IMPORT))(
    "%s imports only what its place in the architecture allows",
    (workspace, allowed) => {
      const wrong = files
        .filter((file) => workspaceOf(file.path) === workspace)
        .flatMap((file) => {
          const program = programs.get(file);
          return program === undefined
            ? []
            : listImports(program).map((one) => ({ ...one, path: file.path }));
        })
        .filter((one) => {
          // Migrations are text, bundled into the Worker.
          if (one.from.endsWith(".sql")) return false;
          if (one.from.startsWith(".")) return !join(one.path, "..", one.from).startsWith(workspace);
          return !isAllowed(one.from, one.typeOnly, allowed);
        })
        .map((one) => `${one.path} imports ${one.from}`);
      expect(wrong).toEqual([]);
    },
  );

  it("drivers are loaded by agents and the SDK only: nobody else imports one as a value", () => {
    const drivers = /^(pg|mysql2|ioredis|mongodb|oracledb)(\/|$)/;
    const wrong = files
      .filter((file) => !/^(sdk|lab|test)\//.test(file.path))
      .flatMap((file) => {
        const program = programs.get(file);
        const imports = program === undefined ? [] : listImports(program);
        return imports
          .filter((one) => !one.typeOnly && drivers.test(one.from))
          .map((one) => `${file.path}: ${one.from}`);
      });
    expect(wrong).toEqual([]);
  });
});

/** What pure folders must not touch, and what to do instead. */
const BANNED = [
  { pattern: /\bDate\.now\b/, instead: "take `now` as an argument" },
  { pattern: /\bnew Date\(\)/, instead: "take `now` as an argument" },
  { pattern: /\bMath\.random\b/, instead: "take randomness as an argument" },
  { pattern: /\bcrypto\./, instead: "take ids as arguments" },
  {
    pattern: /\b(setTimeout|setInterval|fetch|performance)\b\s*[(.]/,
    instead: "leave timers and I/O to the shell",
  },
  { pattern: /\bconsole\./, instead: "return what is to be told" },
] as const;

describe("purity", () => {
  it("contracts and core have no clock, no randomness and no I/O", () => {
    const wrong = files
      .filter((file) => /^(contracts|core)\//.test(file.path))
      .flatMap((file) =>
        file.text.split("\n").flatMap((line, index) => {
          const ban = BANNED.find(({ pattern }) => pattern.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line));
          return ban === undefined ? [] : [`${file.path}:${index + 1}: ${ban.instead}`];
        }),
      );
    expect(wrong).toEqual([]);
  });

  it("no kind of monitor is named in a comparison or switch outside plugins", () => {
    const kinds = new Set(Object.keys(monitors));
    const wrong: string[] = [];
    for (const [file, program] of programs) {
      if (/^(plugins|test|lab)\//.test(file.path)) continue;
      walk(program, (node) => {
        const sides =
          node.type === "BinaryExpression"
            ? [node.left, node.right]
            : node.type === "SwitchCase"
              ? [node.test]
              : [];
        for (const side of sides as ({ value?: unknown } | null)[]) {
          if (typeof side?.value === "string" && kinds.has(side.value))
            wrong.push(`${file.path}: "${side.value}"`);
        }
      });
    }
    expect(wrong).toEqual([]);
  });
});

describe("cost", () => {
  it("a schema is made once, not each time that something is parsed: that takes a quarter of a millisecond", () => {
    const wrong: string[] = [];
    for (const [file, program] of programs) {
      if (/^(test|lab)\//.test(file.path)) continue;
      walk(program, (node) => {
        if (!/Function/.test(node.type)) return;
        walk(node.body, (inner) => {
          if (isSchemaMadeToParse(inner))
            wrong.push(`${file.path}: ${file.text.slice(inner.start, inner.end)}`);
        });
      });
    }
    expect(wrong).toEqual([]);
  });
});

describe("plugins", () => {
  it("every file in plugins/monitors is registered under its own name", () => {
    const names = readdirSync(join(ROOT, "plugins/monitors")).map((name) => name.replace(/\.ts$/, ""));
    expect(Object.keys(monitors).sort()).toEqual(names.sort());
    expect(Object.entries(monitors).filter(([name, plugin]) => plugin.kind !== name)).toEqual([]);
  });
});

/** Hard limits of the house style. Rule and sentence tables are exempt. */
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const TABLES = [
  "contracts/sentences.ts",
  "core/arbitration/rules.ts",
  "sdk/double-write/command-table.ts",
  "web/locales/en.ts",
  "web/locales/zh-CN.ts",
];
/** What is wanted; how many may exceed it is ratcheted: lower the number when it falls, never raise it. */
const FILE_LINES_WANTED = 150;
const FUNCTION_LINES_WANTED = 45;
const FILES_OVER_WANTED = 34;
const FUNCTIONS_OVER_WANTED = 28;

describe("sizes", () => {
  const product = files.filter((file) => !file.path.startsWith("test/") && !TABLES.includes(file.path));
  const functions = product.flatMap((file) => {
    const program = programs.get(file);
    return program === undefined ? [] : measureFunctions(file, program);
  });

  it("no file and no function is over the hard limit", () => {
    const long = product
      .filter((file) => file.lines > FILE_LINES_MAX)
      .map((file) => `${file.path}: ${file.lines}`);
    const deep = functions
      .filter((one) => one.lines > FUNCTION_LINES_MAX && !one.path.endsWith(".tsx"))
      .map((one) => `${one.path}:${one.line}: ${one.lines}`);
    expect([...long, ...deep]).toEqual([]);
  });

  it("what is longer than wanted does not become more", () => {
    const long = product
      .filter((file) => file.lines > FILE_LINES_WANTED)
      .map((file) => `${file.path}: ${file.lines}`);
    const deep = functions
      .filter((one) => one.lines > FUNCTION_LINES_WANTED)
      .map((one) => `${one.path}:${one.line}: ${one.lines}`);
    expect(long.length, long.join("\n")).toBeLessThanOrEqual(FILES_OVER_WANTED);
    expect(deep.length, deep.join("\n")).toBeLessThanOrEqual(FUNCTIONS_OVER_WANTED);
  });
});

describe("words", () => {
  it("nothing is left over, focused or empty", () => {
    const leftOver = new RegExp(
      `\\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b|\\b(it|test|describe)\\.(only|todo)\\b|\\.catch\\(\\(\\) => (\\{\\}|undefined|null)\\)`,
    );
    const wrong = files.flatMap((file) =>
      file.text
        .split("\n")
        .flatMap((line, index) => (leftOver.test(line) ? [`${file.path}:${index + 1}: ${line.trim()}`] : [])),
    );
    expect(wrong).toEqual([]);
  });
});
