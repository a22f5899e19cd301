import { readdirSync } from "node:fs";
import { describeKind } from "@evenkeel/plugins/describe-kind";
import * as monitors from "@evenkeel/plugins/monitors";
import { expect, test } from "vitest";

const FOLDER = new URL("../../docs/engines/", import.meta.url);

test.each(Object.values(monitors))("the page of $kind is what its plugin says", async (plugin) => {
  await expect(describeKind(plugin)).toMatchFileSnapshot(new URL(`${plugin.kind}.md`, FOLDER).pathname);
});

test("there is a page for every kind, and none for others", () => {
  expect(readdirSync(FOLDER).sort()).toEqual(
    Object.keys(monitors)
      .map((kind) => `${kind}.md`)
      .sort(),
  );
});
