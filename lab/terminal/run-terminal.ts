import { emitKeypressEvents } from "node:readline";
import type { LiveView } from "@evenkeel/contracts/live";
import type { ManagedProcess } from "../processes/process-spec.ts";
import type { Lab } from "../start-lab.ts";
import { runVerb } from "../verbs.ts";
import { listKeys } from "./keys.ts";
import { drawPicture } from "./picture.ts";

/** Time between two pictures, in milliseconds. */
const FRAME_MS = 250;
/** Without a terminal a line is printed for each change only; looked for so often, in milliseconds. */
const PLAIN_MS = 1000;

/** What the terminal shows beside the lab itself. */
export interface TerminalOptions {
  readonly loginUrl: string;
  /** Ends the lab. */
  readonly onQuit: () => void;
}

/**
 * Shows the lab until it ends: a live picture with keys on a terminal, plain lines of changes elsewhere.
 *
 * @param lab the lab
 * @param options login link and what to do on quit
 */
export function runTerminal(lab: Lab, options: TerminalOptions): void {
  if (process.stdout.isTTY) showPicture(lab, options);
  else showLines(lab);
}

function showPicture(lab: Lab, options: TerminalOptions): void {
  const engines: readonly string[] = [...lab.engines.keys()];
  let engine = engines[0] ?? "postgresql";
  let message = `sign in: ${options.loginUrl}   (? for keys, q to quit)`;
  let heardAtMs = Date.now();
  let view: LiveView | null = null;
  let busy = false;

  async function frame(): Promise<void> {
    if (busy) return;
    busy = true;
    view = await readView(lab);
    if (view !== null) heardAtMs = Date.now();
    busy = false;
    const lines = drawPicture({
      view,
      silentForS: Math.round((Date.now() - heardAtMs) / 1000),
      shop: Object.fromEntries(engines.map((name) => [name, lab.feed.summary(name)])),
      troubled: lab.supervisor.processes().flatMap(describeTrouble),
      url: lab.api.url,
      message: `[${engine}] ${message}`,
      width: process.stdout.columns ?? 120,
    });
    process.stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\n")}\u001b[J`);
  }

  async function press(key: string): Promise<void> {
    if (key === "q") return options.onQuit();
    if (key === "?") {
      message = listKeys(engine)
        .map((binding) => `${binding.key} ${binding.does}`)
        .concat("e next engine", "q quit")
        .join("\n  ");
      return;
    }
    if (key === "e") {
      engine = engines[(engines.indexOf(engine) + 1) % engines.length] ?? engine;
      message = `keys act on ${engine}`;
      return;
    }
    const binding = listKeys(engine).find((candidate) => candidate.key === key);
    if (binding === undefined) return;
    message = `${binding.does} …`;
    message = (await runVerb(lab, binding.words)).line;
  }

  process.stdout.write("\u001b[2J");
  setInterval(() => void frame(), FRAME_MS);
  emitKeypressEvents(process.stdin);
  if (process.stdin.isTTY) process.stdin.setRawMode(true);
  process.stdin.on("keypress", (text: string | undefined, key: { ctrl?: boolean; name?: string }) => {
    if (key.ctrl === true && key.name === "c") options.onQuit();
    else if (text !== undefined) void press(text);
  });
}

/** Null while the control plane does not answer, which the picture shows. */
async function readView(lab: Lab): Promise<LiveView | null> {
  try {
    return await lab.view();
  } catch {
    // Why does not matter to the picture: killed, restarting or busy look the same to the shop as well.
    return null;
  }
}

function describeTrouble(process: ManagedProcess): { name: string; state: string }[] {
  const state = process.state();
  switch (state.kind) {
    case "running":
      return [];
    case "starting":
      return [{ name: process.spec.name, state: "is starting" }];
    case "stopped":
      return [{ name: process.spec.name, state: "is stopped (SIGSTOP)" }];
    case "exited":
      return [{ name: process.spec.name, state: `is down: ${state.reason}` }];
  }
}

function showLines(lab: Lab): void {
  let last = "";
  const tell = async () => {
    const view = await readView(lab);
    const lines = view?.monitors.map((monitor) => {
      const states = monitor.dataCentres.map((dc) => `${dc.name} ${dc.state}`).join(", ");
      return `${monitor.name}: active ${monitor.active}, epoch ${monitor.epoch}, ${states}, protection ${monitor.protection.targetLost.level}`;
    }) ?? ["the control plane does not answer"];
    const text = lines.join("\n");
    if (text === last) return;
    last = text;
    const shop = [...lab.engines.keys()].map((engine) => {
      const summary = lab.feed.summary(engine);
      return `shop on ${engine}: ${summary.placed} placed, ${summary.failed} failed`;
    });
    process.stdout.write(
      `${new Date().toISOString()}\n${[...lines, ...shop].map((line) => `  ${line}`).join("\n")}\n`,
    );
  };
  setInterval(() => void tell(), PLAIN_MS);
}
