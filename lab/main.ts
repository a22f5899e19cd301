import { parseArgs } from "node:util";
import { buildConsole } from "./build-console.ts";
import { ALL_ENGINES, FURTHER_ENGINES, LAB_ENGINES, type LabEngine } from "./engines/lab-engines.ts";
import { endOnSignals } from "./processes/end-on-signals.ts";
import { serveRemote } from "./remote-socket.ts";
import { startLab } from "./start-lab.ts";
import { defaultStateDir } from "./state-dir.ts";
import { runTerminal } from "./terminal/run-terminal.ts";
import { FAST_TIMING, WATCHED_TIMING } from "./timing.ts";
import { createLoginUrl, runVerb } from "./verbs.ts";

const USAGE = `npm start -- [--offset N] [--state DIR] [--fast] [--with ${FURTHER_ENGINES.join(",")}]`;
const say = (line: string) => process.stderr.write(`${line}\n`);

/** The engines of every lab, and those that somebody named. */
function chooseEngines(further: string): LabEngine[] {
  const asked = new Set<string>([...LAB_ENGINES, ...further.split(",").filter((name) => name !== "")]);
  const engines = ALL_ENGINES.filter((engine) => asked.delete(engine));
  if (asked.size > 0) throw new Error(`--with: there is no engine ${[...asked].join(", ")}\n${USAGE}`);
  return engines;
}

/** `npm start`: two data centres on one machine, with everything that keeps an application running when one dies. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      offset: { type: "string", default: "0" },
      state: { type: "string" },
      fast: { type: "boolean", default: false },
      with: { type: "string", default: "" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const startedAtMs = performance.now();
  const offset = Number(values.offset);
  const stateDir = values.state ?? defaultStateDir(offset);
  const engines = chooseEngines(values.with);
  await buildConsole(say);
  const lab = await startLab({
    stateDir,
    offset,
    engines,
    http: true,
    gates: false,
    timing: values.fast ? FAST_TIMING : WATCHED_TIMING,
    arbitration: {},
    say,
  });
  const remote = serveRemote(stateDir, (words) => runVerb(lab, words));
  const end = async () => {
    remote.close();
    await lab.end();
  };
  endOnSignals(end, say);
  say(`the lab is ready after ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`);
  const loginUrl = await createLoginUrl(lab);
  if (!process.stdout.isTTY) say(`console: ${loginUrl}`);
  runTerminal(lab, { loginUrl, onQuit: () => process.kill(process.pid, "SIGINT") });
}

main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
