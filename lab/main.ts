import { parseArgs } from "node:util";
import { buildConsole } from "./build-console.ts";
import { endOnSignals } from "./processes/end-on-signals.ts";
import { serveRemote } from "./remote-socket.ts";
import { LAB_ENGINES, startLab } from "./start-lab.ts";
import { defaultStateDir } from "./state-dir.ts";
import { runTerminal } from "./terminal/run-terminal.ts";
import { createLoginUrl, runVerb } from "./verbs.ts";

const USAGE = "npm start -- [--offset N] [--state DIR] [--fast]";
const say = (line: string) => process.stderr.write(`${line}\n`);

/** `npm start`: two data centres on one machine, with everything that keeps an application running when one dies. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      offset: { type: "string", default: "0" },
      state: { type: "string" },
      fast: { type: "boolean", default: false },
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
  await buildConsole(say);
  // What somebody watches should not take ten seconds: the lab's monitors time out after three.
  const timing = values.fast
    ? { retryIntervalMs: 200, accessTimeoutMs: 200, monitorTimeoutMs: 1000 }
    : { retryIntervalMs: 1000, accessTimeoutMs: 1000, monitorTimeoutMs: 3000 };
  const lab = await startLab({
    stateDir,
    offset,
    engines: LAB_ENGINES,
    http: true,
    gates: false,
    timing,
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
