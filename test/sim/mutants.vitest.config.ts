import { defineConfig } from "vitest/config";
import { findMutant, mutantPath } from "./find-mutant.ts";

/** Runs the core's own tests (enumerations and scenarios by rule) with one mutant in the sources. */
const mutant = findMutant();
const path = mutant === null ? null : mutantPath(mutant);

export default defineConfig({
  root: new URL("../../", import.meta.url).pathname,
  plugins: [
    {
      name: "mutant",
      enforce: "pre",
      transform(code, id) {
        if (mutant === null || id.split("?")[0] !== path) return null;
        return { code: code.replace(mutant.find, () => mutant.replace), map: null };
      },
    },
  ],
  test: { include: ["test/core/**/*.test.ts", "test/sim/scenarios-*.test.ts"], bail: 1, testTimeout: 30_000 },
});
