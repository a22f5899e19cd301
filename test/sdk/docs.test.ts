import { readdirSync, readFileSync } from "node:fs";
import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { expect, test } from "vitest";
import { RETRYABLE } from "../../sdk/errors.ts";
import { listConfigFields } from "./config-fields.ts";
import { readTable } from "./read-page.ts";

const SDK = new URL("../../sdk/", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, SDK), "utf8");
const readAll = (): string =>
  readdirSync(SDK, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.includes("node_modules"))
    .map(read)
    .join("\n");

/** The first group of each match. */
const findAll = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = ""]) => found);
/** What stands between the braces of an interface. */
const bodyOf = (text: string, name: string): string =>
  new RegExp(`interface ${name}[^{]*\\{\\n([^]*?)\\n\\}`).exec(text)?.[1] ?? "";

const columns = (heading: string, count: number): string[][] =>
  readTable("sdk.md", heading).map((cells) => cells.slice(0, count));

test("the page's configuration has each field of the schema, with its type and its default", () => {
  const fields = listConfigFields(SdkConfig).map((field) => [field.path, field.type, field.default]);
  expect(columns("Configuration", 3)).toEqual(fields);
});

test("the page's options are those of the code", () => {
  const names = [
    ...findAll(bodyOf(read("switching/source-options.ts"), "SourceOptions"), /readonly (\w+)\?:/g),
    ...findAll(bodyOf(read("route/shared-followers.ts"), "FollowOptions"), /readonly (\w+)\?:/g),
  ];
  expect(names).toContain("drainMs");
  expect(columns("Options", 1).flat().sort()).toEqual([...names, "driver"].sort());
});

test("the page's errors are those of the code, and it says the same of trying again", () => {
  const codes = findAll(bodyOfUnion(read("errors.ts"), "SdkErrorCode"), /"(EVENKEEL_\w+)"/g);
  expect(Object.keys(RETRYABLE)).toEqual(codes);
  const made = [...readAll().matchAll(/"(EVENKEEL_\w+)",\s*(true|false),/g)].map(
    ([, code, again]) => `${code} ${again === "true" ? "yes" : "no"}`,
  );
  expect(codes).toContain("EVENKEEL_SWITCHED");
  const told = readTable("sdk.md", "Errors").map(([code, , again]) => `${code} ${again}`);
  expect(told.map((row) => row.split(" ")[0])).toEqual(codes);
  expect([...told].sort()).toEqual([...new Set(made)].sort());
  expect(told).toEqual(Object.entries(RETRYABLE).map(([code, again]) => `${code} ${again ? "yes" : "no"}`));
});

test("the page's events are those of the code", () => {
  const names = findAll(bodyOf(read("switching/source-events.ts"), "SourceEvents"), /^ {2}(\w+): \[/gm);
  expect(names).toContain("switched");
  expect(columns("Events", 1).flat()).toEqual(names);
});

test("the page's metrics are those of the code", () => {
  const made = findAll(
    readAll(),
    /(?:createCounter|createObservableCounter|createUpDownCounter|createHistogram|gauge)\(\s*"(evenkeel\.[a-z._]+)"/g,
  );
  expect(made).toContain("evenkeel.switches");
  expect(columns("Metrics", 1).flat().sort()).toEqual(made.sort());
});

test("every row of the page's tables says something", () => {
  for (const heading of ["Configuration", "Options", "Errors", "Events", "Metrics"])
    for (const cells of readTable("sdk.md", heading)) expect(cells.at(-1), cells.join()).toMatch(/\.$/);
});

function bodyOfUnion(text: string, name: string): string {
  return new RegExp(`type ${name} =([^]*?);`).exec(text)?.[1] ?? "";
}
