/**
 * Makes sure that the programs named on the command line are there, before the lab or the tests start:
 *
 *   node lab/setup/main.ts etcd redis
 *
 * What cannot be had is said in one line each; it is no failure, for the lab goes on without it.
 */
import { z } from "zod";
import { FETCHED_NAMES, fetchEngine } from "./fetched-engines.ts";
import { ensurePrograms, isFound, PROGRAM_NAMES } from "./programs.ts";

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};
// Ending through `exit` lets the installation put back what it borrowed; the default would end without that.
for (const [signal, exitCode] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.on(signal, () => process.exit(exitCode));
}

const asked = z.array(z.enum([...PROGRAM_NAMES, ...FETCHED_NAMES])).parse(process.argv.slice(2));
const names = PROGRAM_NAMES.filter((name) => asked.includes(name));
const programs = await ensurePrograms(names, say);
for (const name of names) {
  const program = programs[name];
  if (!isFound(program)) say(`Going on without ${name}: ${program.missing}`);
}
for (const name of FETCHED_NAMES.filter((one) => asked.includes(one))) {
  const engine = await fetchEngine(name, say);
  if ("missing" in engine) say(`Going on without ${name}: ${engine.missing}`);
}
