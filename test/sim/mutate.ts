import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { findMutant, listEdits, mutateSource } from "./find-mutant.ts";

/** Loaded before everything else in a child process: it changes sources on their way in. */
const mutant = findMutant();
const paths = mutant === null ? [] : listEdits(mutant).map((one) => one.path);

registerHooks({
  load(url, context, nextLoad) {
    const path = url.startsWith("file:") ? fileURLToPath(url) : null;
    if (path === null || !paths.includes(path)) return nextLoad(url, context);
    const source = mutateSource(path, readFileSync(path, "utf8"), mutant);
    if (source === null) return nextLoad(url, context);
    return { format: "module-typescript", source, shortCircuit: true };
  },
});
