import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { findMutant, mutantPath } from "./find-mutant.ts";

/** Loaded before everything else in a child process: it changes one source file on its way in. */
const mutant = findMutant();
if (mutant === null) throw new Error("EVENKEEL_MUTANT names no mutant");
const path = mutantPath(mutant);

registerHooks({
  load(url, context, nextLoad) {
    if (!url.startsWith("file:") || fileURLToPath(url) !== path) return nextLoad(url, context);
    const source = readFileSync(path, "utf8").replace(mutant.find, () => mutant.replace);
    return { format: "module-typescript", source, shortCircuit: true };
  },
});
