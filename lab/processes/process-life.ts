import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { describeExit, launch } from "./launch.ts";
import { logSize, readLogTail } from "./log-file.ts";
import { describeTakenPort, isPortFree } from "./ports.ts";
import type { ProcessSpec, ProcessState, StartFailureReason, StartResult } from "./process-spec.ts";
import { findProcess, type ProcessIdentity } from "./process-table.ts";
import { untilGone } from "./registry.ts";
import { killTree, signalProcess } from "./signal-tree.ts";

const DEFAULT_READY_WITHIN_MS = 30_000;
/** How often a starting process is asked whether it is ready. */
const READY_POLL_MS = 20;

/** One life of a process, from its start to its exit. */
export interface Life {
  readonly root: ProcessIdentity;
  readonly exited: Promise<void>;
  /** Members that were stopped with SIGSTOP. */
  frozen: readonly ProcessIdentity[];
}

/** What is known about a process now. The functions of this file and of managed-process.ts change it. */
export interface ProcessRecord {
  readonly spec: ProcessSpec;
  readonly logFile: string;
  /** Called after every change. */
  readonly changed: (state: ProcessState) => void;
  /** False once the lab is ending: what is started then would be left over. */
  readonly mayStart: () => boolean;
  state: ProcessState;
  life: Life | undefined;
  /** True when the lab itself ended the present life. */
  endedByUs: boolean;
}

/** Changes the state and tells. */
export function setState(record: ProcessRecord, state: ProcessState): void {
  record.state = state;
  record.changed(state);
}

function failure(reason: StartFailureReason, message: string): StartResult {
  return { ok: false, reason, message };
}

/** Follows a child that has just been started until it exits. */
function beginLife(record: ProcessRecord, child: ChildProcess, pid: number): Life {
  // A process that is gone already gets an identity that matches no living process.
  const root = { pid, startedAt: findProcess(pid)?.startedAt ?? "ended" };
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      record.life = undefined;
      // What it left behind in its group, and frozen members that cannot notice that it is gone.
      signalProcess(-pid, "SIGKILL");
      killTree(root, life.frozen);
      setState(record, { kind: "exited", reason: describeExit(code, signal), byUs: record.endedByUs });
      resolve();
    });
  });
  const life: Life = { root, exited, frozen: [] };
  return life;
}

/** Asks a starting process until it is ready, has ended or has taken too long. */
async function becomeReady(record: ProcessRecord, life: Life, logFrom: number): Promise<StartResult> {
  const { spec, logFile } = record;
  const withinMs = spec.readyWithinMs ?? DEFAULT_READY_WITHIN_MS;
  const deadlineMs = performance.now() + withinMs;
  let refusal = "no answer";
  while (record.life === life) {
    try {
      if (spec.isReady === undefined || (await spec.isReady())) break;
    } catch (error) {
      refusal = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() > deadlineMs) {
      await killLife(record);
      const tail = readLogTail(logFile, logFrom);
      return failure(
        "not-ready",
        `${spec.name} was not ready in ${withinMs} ms (${refusal}). ${logFile} ends:\n${tail}`,
      );
    }
    await Promise.race([sleep(READY_POLL_MS), life.exited]);
  }
  if (record.life !== life) {
    const reason = record.state.kind === "exited" ? record.state.reason : "started again";
    const tail = readLogTail(logFile, logFrom);
    return failure("exited", `${spec.name} ended while it started (${reason}). ${logFile} ends:\n${tail}`);
  }
  if (record.state.kind === "starting") setState(record, { kind: "running", pid: life.root.pid });
  return { ok: true };
}

/**
 * Starts a process that does not run.
 * @returns once it is ready to serve, or why it is not
 */
export async function startLife(record: ProcessRecord): Promise<StartResult> {
  const { spec, logFile } = record;
  for (const { port, wantedBy } of spec.ports) {
    if (!(await isPortFree(port))) return failure("port-taken", describeTakenPort(port, wantedBy));
  }
  if (!record.mayStart()) return failure("exited", `${spec.name} was not started, for the lab is ending.`);
  const logFrom = logSize(logFile);
  record.endedByUs = false;
  const child = launch(spec, logFile);
  const failed = new Promise<string>((resolve) => child.once("error", (error) => resolve(error.message)));
  if (child.pid === undefined) return failure("not-found", `${spec.name} cannot be run: ${await failed}`);
  record.life = beginLife(record, child, child.pid);
  setState(record, { kind: "starting", pid: child.pid });
  return await becomeReady(record, record.life, logFrom);
}

/** Kills a process and all that it started; resolves when nothing of it is left. Does nothing when it has ended. */
export async function killLife(record: ProcessRecord): Promise<void> {
  if (record.life === undefined) return;
  const { root, frozen, exited } = record.life;
  record.endedByUs = true;
  const members = killTree(root, frozen);
  await exited;
  await untilGone(members);
}
