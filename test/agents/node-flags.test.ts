import { readFileSync } from "node:fs";
import { AGENT_NODE_FLAGS } from "@evenkeel/agent/node-flags";
import { expect, test } from "vitest";

test("the agent's program starts with the flags that it was measured with", () => {
  const [first] = readFileSync(new URL("../../agents/start.mjs", import.meta.url), "utf8").split("\n");
  expect(first).toBe(`#!/usr/bin/env -S node ${AGENT_NODE_FLAGS.join(" ")}`);
});
