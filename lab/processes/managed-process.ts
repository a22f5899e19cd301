import { setTimeout as sleep } from "node:timers/promises";
import { errorCode } from "./error-code.ts";
import { killLife, type ProcessRecord, setState, startLife } from "./process-life.ts";
import type { ManagedProcess, ProcessSpec, ProcessState, StartResult } from "./process-spec.ts";
import type { ProcessIdentity } from "./process-table.ts";
import { signalProcess, signalTree } from "./signal-tree.ts";

const DEFAULT_END_GRACE_MS = 8000;

/** A managed process together with what only its supervisor needs. */
export interface SupervisedProcess extends ManagedProcess {
  /** Starts it, or joins a start that is under way. */
  start(): Promise<StartResult>;
  /** What would have to end with the lab; undefined while it does not run. */
  started(): { readonly root: ProcessIdentity; readonly frozen: readonly ProcessIdentity[] } | undefined;
}

function stop(record: ProcessRecord): void {
  const { life } = record;
  if (life === undefined || record.state.kind === "stopped") return;
  life.frozen = signalTree(life.root, "SIGSTOP");
  setState(record, { kind: "stopped", pid: life.root.pid });
}

function cont(record: ProcessRecord): void {
  const { life } = record;
  if (life === undefined || record.state.kind !== "stopped") return;
  for (const member of life.frozen) signalProcess(member.pid, "SIGCONT");
  life.frozen = [];
  setState(record, { kind: "running", pid: life.root.pid });
}

/** Asks the first process only: the others end with it, and a server's helpers must not be told to end on their own. */
function ask(record: ProcessRecord, signal: "SIGTERM" | "SIGINT" | "SIGQUIT"): void {
  if (record.life === undefined) return;
  record.endedByUs = true;
  signalProcess(record.life.root.pid, signal);
}

/** Waits for a promise, but no longer than a time limit in ms. */
async function waitAtMost(limitMs: number, awaited: Promise<void>): Promise<void> {
  const enough = new AbortController();
  const limit = sleep(limitMs, undefined, { signal: enough.signal }).catch((error: unknown) => {
    if (errorCode(error) !== "ABORT_ERR") throw error;
  });
  await Promise.race([awaited, limit]);
  enough.abort();
}

async function end(record: ProcessRecord): Promise<void> {
  if (record.life === undefined) return;
  const { exited } = record.life;
  const { endSignal = "SIGTERM", endGraceMs = DEFAULT_END_GRACE_MS } = record.spec;
  if (endSignal !== "SIGKILL") {
    cont(record);
    ask(record, endSignal);
    await waitAtMost(endGraceMs, exited);
  }
  await killLife(record);
}

/**
 * Describes one process to the lab without starting it yet.
 * @param spec how to run it
 * @param logFile where its output goes
 * @param hooks `changed` is called after every change of its state; `mayStart` is asked before every start
 */
export function manageProcess(
  spec: ProcessSpec,
  logFile: string,
  hooks: Pick<ProcessRecord, "changed" | "mayStart">,
): SupervisedProcess {
  const state: ProcessState = { kind: "exited", reason: "not started yet", byUs: true };
  const record: ProcessRecord = { spec, logFile, ...hooks, state, life: undefined, endedByUs: false };
  let starting: Promise<StartResult> | undefined;
  const start = async (): Promise<StartResult> => {
    starting ??= startLife(record).finally(() => {
      starting = undefined;
    });
    return await starting;
  };
  return {
    spec,
    logFile,
    start,
    state: () => record.state,
    started: () => record.life,
    stop: () => stop(record),
    cont: () => cont(record),
    end: async () => await end(record),
    kill: async (signal = "SIGKILL") => {
      if (signal === "SIGKILL") await killLife(record);
      else ask(record, signal);
    },
    revive: async () => {
      cont(record);
      return record.life === undefined || starting !== undefined ? await start() : { ok: true };
    },
  };
}
