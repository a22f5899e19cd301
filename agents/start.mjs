#!/usr/bin/env -S node --max-semi-space-size=4
/**
 * Starts an agent. This file alone is not TypeScript: what it loads comes compiled out of the agent's own state folder
 * from the second start on, without the type stripper, which halves the time until the first probe and takes 30 MB less.
 */
import { existsSync } from "node:fs";
import { enableCompileCache, flushCompileCache } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";

const options = { state: { type: "string" } };
const { state } = parseArgs({ strict: false, allowPositionals: true, options }).values;
// Code is kept where the keys are, and nowhere that others may write to.
if (typeof state === "string" && existsSync(state)) {
  enableCompileCache(join(state, "compiled"));
}
await import("./main.ts");
// At once, because an agent that is killed would write nothing, and one that works would be late with its probes.
flushCompileCache();
