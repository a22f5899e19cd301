import { defineConfig } from "vitest/config";
import { findMutant, mutateSource } from "./find-mutant.ts";

/** Runs the core's own tests (enumerations and scenarios by rule) with one mutant in the sources. */
const mutant = findMutant();

export default defineConfig({
  root: new URL("../../", import.meta.url).pathname,
  plugins: [
    {
      name: "mutant",
      enforce: "pre",
      transform(code, id) {
        const changed = mutateSource(id.split("?")[0] ?? id, code, mutant);
        return changed === null ? null : { code: changed, map: null };
      },
    },
  ],
  test: {
    include: ["test/core/**/*.test.ts", "test/sim/scenarios-*.test.ts", "test/durable-objects/turn.test.ts"],
    bail: 1,
    testTimeout: 30_000,
    // A cached module would carry one mutant over to the hunt for the next.
    fsModuleCache: false,
  },
});
