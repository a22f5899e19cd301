import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { endOnSignals } from "../processes/end-on-signals.ts";
import { labPorts } from "../processes/ports.ts";
import { defaultStateDir } from "../state-dir.ts";
import { EXAMPLES, type Example } from "./catalogue.ts";
import { type FoundLab, findLab } from "./find-lab.ts";
import { sendOrders } from "./send-orders.ts";
import { type OrdersLine, showOrders } from "./show-orders.ts";

const say = (line: string) => process.stderr.write(`${line}\n`);
/** An example that does not end in good order within so long is killed, in milliseconds. */
const END_WITHIN_MS = 5000;

function listExamples(): string {
  const lines = Object.entries(EXAMPLES).map(([name, { shows }]) => `  ${name.padEnd(20)}${shows}`);
  return `npm run example -- NAME [--offset N] [--state DIR] [--fast]\n${lines.join("\n")}\n`;
}

/** `npm run example -- NAME`: an application with the SDK, in the lab that runs or in one of its own. */
async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      offset: { type: "string", default: "0" },
      state: { type: "string" },
      fast: { type: "boolean", default: false },
    },
  });
  const [name = ""] = positionals;
  const example = Object.hasOwn(EXAMPLES, name) ? EXAMPLES[name] : undefined;
  if (example === undefined) {
    process.stdout.write(listExamples());
    process.exitCode = name === "" ? 0 : 1;
    return;
  }
  const offset = Number(values.offset);
  const stateDir = resolve(values.state ?? defaultStateDir(offset));
  const lab = await findLab({ stateDir, offset, engine: example.engine, fast: values.fast, say });
  const file = join(stateDir, "examples", `${name}.yaml`);
  mkdirSync(join(stateDir, "examples"), { recursive: true });
  writeFileSync(file, lab.config.text, { mode: 0o600 });
  await run({ name, example, lab, file, port: labPorts(offset).example });
  say(describeWaysToSwitch(example, values.state, offset));
}

/** What to type in order to see a switch. */
function describeWaysToSwitch({ engine }: Example, state: string | undefined, offset: number): string {
  const more = state !== undefined ? ` --state ${state}` : offset === 0 ? "" : ` --offset ${offset}`;
  const verbs = [
    ["its database dies:", `kill ${engine}-dc1`],
    ["it comes back, and nothing moves by itself:", `revive ${engine}-dc1`],
    ["people switch back:", `switch-back ${engine}`],
  ];
  const lines = verbs.map(([what, verb]) => `  ${what?.padEnd(46)}npm run lab -- ${verb}${more}`);
  return `In another terminal:\n${lines.join("\n")}\nCtrl-C ends it.`;
}

interface Running {
  readonly name: string;
  readonly example: Example;
  readonly lab: FoundLab;
  /** The SDK's configuration. */
  readonly file: string;
  readonly port: number;
}

async function run({ name, example, lab, file, port }: Running): Promise<void> {
  const program = new URL(`../../examples/${name}/main.ts`, import.meta.url).pathname;
  const endWithParent = new URL("../setup/end-with-parent.ts", import.meta.url).href;
  const child = spawn(process.execPath, ["--import", endWithParent, program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...lab.config.environment, EVENKEEL_CONFIG: file, PORT: String(port) },
    // Ctrl-C in a terminal would end it before it was asked to.
    detached: true,
  });
  await once(child, "spawn");
  const line = showOrders(name, process.stdout);
  createInterface(child.stdout).on("line", (text) => line.take(text));
  let ending = false;
  const end = async (): Promise<void> => {
    ending = true;
    await endExample(child, line);
    await lab.end();
  };
  endOnSignals(end, say, lab.isOwn ? "the example and its lab" : "the example");
  child.once("exit", (code, signal) => {
    if (ending) return;
    say(`the example ended by itself (${signal ?? `exit code ${code}`})`);
    process.kill(process.pid, "SIGTERM");
  });
  if (example.serves) {
    void sendOrders(
      port,
      (text) => line.take(text),
      () => ending,
    );
  }
}

async function endExample(child: ChildProcess, line: OrdersLine): Promise<void> {
  line.end();
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), END_WITHIN_MS);
  await exited;
  clearTimeout(timer);
}

main().catch((error: unknown) => {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
