import { LoginLink } from "@evenkeel/contracts/api";
import type { LiveMonitor } from "@evenkeel/contracts/live";
import { readSdkConfig } from "./arrange/sdk-config.ts";
import { applyFault, type FaultVerb, listParts } from "./faults/site-faults.ts";
import { armMonitor, switchMonitor } from "./faults/switch-monitor.ts";
import type { Lab } from "./start-lab.ts";

/** What a verb came to: a line for people. */
export interface VerbResult {
  readonly ok: boolean;
  readonly line: string;
}

/** One verb of the lab: what `npm run lab -- <verb>` and the keys do. */
interface Verb {
  readonly usage: string;
  readonly run: (lab: Lab, args: readonly string[]) => Promise<VerbResult>;
}

const fault = (verb: FaultVerb, done: string): Verb => ({
  usage: `${verb} PART`,
  run: async (lab, [part]) => {
    if (part === undefined) return { ok: false, line: `${verb} what? ${listParts(lab).join(", ")}` };
    const problem = await applyFault(lab, verb, part);
    return problem === null ? { ok: true, line: `${part} ${done}` } : { ok: false, line: problem };
  },
});

const move = (to: "home" | "away"): Verb => ({
  usage: to === "home" ? "switch-back [MONITOR] [--force]" : "switch [MONITOR] [--force]",
  run: async (lab, args) => {
    const chosen = await chooseMonitors(lab, args);
    const lines: string[] = [];
    let ok = true;
    for (const monitor of chosen) {
      const target = monitor.dataCentres.find((dc) => (to === "home") === (dc.name === monitor.home));
      if (target === undefined || target.name === monitor.active) continue;
      try {
        const force = args.includes("--force") ? "forced in the lab" : null;
        const result = await switchMonitor(lab, monitor, target.name, force);
        lines.push(`${monitor.name}: ${result.because.text}`);
      } catch (error) {
        ok = false;
        lines.push(error instanceof Error ? error.message : String(error));
      }
    }
    return { ok, line: lines.length === 0 ? "nothing to switch" : lines.join("; ") };
  },
});

/** The verbs of the lab by name. */
export const VERBS: Readonly<Record<string, Verb>> = {
  kill: fault("kill", "was killed (SIGKILL)"),
  stop: fault("stop", "was stopped (SIGSTOP)"),
  revive: fault("revive", "is back"),
  switch: move("away"),
  "switch-back": move("home"),
  arm: {
    usage: "arm [MONITOR]",
    run: async (lab, args) => {
      const chosen = (await chooseMonitors(lab, args)).filter((monitor) => monitor.active === monitor.home);
      for (const monitor of chosen) await armMonitor(lab, monitor, "armed in the lab");
      return {
        ok: true,
        line: `armed: ${chosen.map((monitor) => monitor.name).join(", ") || "none is at home"}`,
      };
    },
  },
  status: {
    usage: "status",
    run: async (lab) => ({ ok: true, line: JSON.stringify(await lab.view(), null, 2) }),
  },
  login: {
    usage: "login",
    run: async (lab) => ({ ok: true, line: await createLoginUrl(lab) }),
  },
  "sdk-config": {
    usage: "sdk-config ENGINE",
    run: async (lab, [engine]) => {
      if (engine === undefined)
        return { ok: false, line: `sdk-config of what? ${[...lab.engines.keys()].join(", ")}` };
      return { ok: true, line: JSON.stringify(await readSdkConfig(lab, engine), null, 2) };
    },
  },
  parts: {
    usage: "parts",
    run: async (lab) => ({ ok: true, line: listParts(lab).join("\n") }),
  },
};

/**
 * Runs a verb in a running lab.
 *
 * @param lab the lab
 * @param words verb and arguments
 */
export async function runVerb(lab: Lab, words: readonly string[]): Promise<VerbResult> {
  const [name = "", ...args] = words;
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined)
    return { ok: false, line: `there is no verb "${name}"; there are\n${listUsages()}` };
  try {
    return await verb.run(lab, args);
  } catch (error) {
    return { ok: false, line: error instanceof Error ? error.message : String(error) };
  }
}

/** How to call each verb, one per line. */
export function listUsages(): string {
  return Object.values(VERBS)
    .map((verb) => `  ${verb.usage}`)
    .join("\n");
}

/** Makes a link that signs a person in to the console once. */
export async function createLoginUrl(lab: Pick<Lab, "api">): Promise<string> {
  const { code } = await lab.api.send("POST", "/session/links", {}, LoginLink);
  return `${lab.api.url}/#/login?code=${encodeURIComponent(code)}`;
}

async function chooseMonitors(lab: Lab, args: readonly string[]): Promise<LiveMonitor[]> {
  const view = await lab.view();
  const name = args.find((word) => !word.startsWith("--"));
  const switchable = view.monitors.filter((monitor) => monitor.switchable);
  if (name === undefined) return switchable;
  const chosen = switchable.filter((monitor) => monitor.name === name || monitor.kind === name);
  if (chosen.length === 0)
    throw new Error(`there is no monitor ${name}; there are ${switchable.map((one) => one.name).join(", ")}`);
  return chosen;
}
