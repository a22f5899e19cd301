import { readdirSync } from "node:fs";
import { describeKind } from "@evenkeel/plugins/describe-kind";
import * as monitors from "@evenkeel/plugins/monitors";
import { expect, test } from "vitest";

const FOLDER = new URL("../../docs/engines/", import.meta.url);

test.each(Object.values(monitors))("the page of $kind is what its plugin says", async (plugin) => {
  await expect(describeKind(plugin)).toMatchFileSnapshot(new URL(`${plugin.kind}.md`, FOLDER).pathname);
});

/** What test/plugins/fault-matrix.engine.test.ts writes. */
const MATRIX = "fault-matrix.md";

test("there is a page for every kind, one for all illnesses, and no other", () => {
  const pages = Object.keys(monitors).map((kind) => `${kind}.md`);
  expect(readdirSync(FOLDER).sort()).toEqual([...pages, MATRIX].sort());
});
