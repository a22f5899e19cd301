import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { MUTANTS } from "./mutants.ts";

/** Loaded before everything else in a child process: it changes one source file on its way in. */
const mutant = MUTANTS.find((one) => one.id === process.env.EVENKEEL_MUTANT);
if (mutant === undefined) throw new Error(`there is no mutant ${process.env.EVENKEEL_MUTANT}`);
const path = fileURLToPath(new URL(`../../${mutant.file}`, import.meta.url));

registerHooks({
  load(url, context, nextLoad) {
    if (!url.startsWith("file:") || fileURLToPath(url) !== path) return nextLoad(url, context);
    const source = readFileSync(path, "utf8").replace(mutant.find, () => mutant.replace);
    return { format: "module-typescript", source, shortCircuit: true };
  },
});
