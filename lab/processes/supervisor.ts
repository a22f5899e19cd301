import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { boundLog } from "./log-file.ts";
import { manageProcess, type SupervisedProcess } from "./managed-process.ts";
import {
  END_ORDER,
  type ManagedProcess,
  type ProcessEvent,
  type ProcessSpec,
  type ProcessState,
  type StartResult,
} from "./process-spec.ts";
import { findProcess, isAlive } from "./process-table.ts";
import { endRegistered, type Registry, readLabRecord, untilGone, writeLabRecord } from "./registry.ts";
import { startReaper } from "./start-reaper.ts";

/** How often the logs are looked at for their size. */
const LOG_CHECK_MS = 5000;
const RECORD_FILE = "running.json";
const LOG_FOLDER = "logs";

/** What became of a start: the process when it is ready, else why it is not. */
export type SpawnResult =
  | (StartResult & { ok: false })
  | { readonly ok: true; readonly process: ManagedProcess };

/** Starts, watches and ends the processes of one lab. */
export interface Supervisor {
  /**
   * Starts a process and waits until it is ready. One that does not become ready is ended and forgotten.
   * @throws when the lab has a process of this name already
   */
  spawnProcess(spec: ProcessSpec): Promise<SpawnResult>;
  /** Every process that was started, in that order, whether it lives or not. */
  processes(): readonly ManagedProcess[];
  /** The processes of one site. */
  ofSite(site: string): readonly ManagedProcess[];
  /** Calls a listener for every change of a process. @returns a function that stops that */
  onEvent(listener: (event: ProcessEvent) => void): () => void;
  /** Ends every process in good order, role by role; afterwards nothing can be started any more. */
  end(): Promise<void>;
}

/** What became of the wish to supervise in a state directory. */
export type SupervisorResult =
  | { readonly ok: true; readonly supervisor: Supervisor; readonly endedLeftovers: number }
  | { readonly ok: false; readonly reason: "already-running"; readonly message: string };

/** Who we are, for the next lab to tell whether we still live. */
function ownIdentity(): { pid: number; startedAt: string } {
  const row = findProcess(process.pid);
  if (row === undefined) throw new Error(`The process table does not list this process (${process.pid}).`);
  return { pid: row.pid, startedAt: row.startedAt };
}

/** Everything that runs now, as the reaper and the next lab have to know it. */
function listRunning(processes: Iterable<SupervisedProcess>): Registry {
  return [...processes].flatMap((managed) => {
    const started = managed.started();
    return started === undefined
      ? []
      : [{ name: managed.spec.name, root: started.root, frozen: [...started.frozen] }];
  });
}

async function endInOrder(processes: Iterable<SupervisedProcess>): Promise<void> {
  const all = [...processes];
  for (const role of END_ORDER) {
    await Promise.all(all.filter((managed) => managed.spec.role === role).map((managed) => managed.end()));
  }
}

/**
 * Makes a state directory this lab's own: ends what an earlier lab in it left running, starts the reaper.
 * @param stateDir created if need be; holds the record of running processes and the logs
 * @returns the supervisor, or that a living lab has this directory already
 */
export async function createSupervisor(stateDir: string): Promise<SupervisorResult> {
  mkdirSync(join(stateDir, LOG_FOLDER), { recursive: true });
  const recordFile = join(stateDir, RECORD_FILE);
  const earlier = readLabRecord(recordFile);
  if (earlier !== undefined && isAlive(earlier.lab)) {
    const message = `A lab runs from ${stateDir} already (process ${earlier.lab.pid}). End it, or start this one with --offset 100.`;
    return { ok: false, reason: "already-running", message };
  }
  const leftovers = endRegistered(earlier?.processes ?? []);
  await untilGone(leftovers);
  return { ok: true, supervisor: supervise(stateDir, recordFile), endedLeftovers: leftovers.length };
}

function supervise(stateDir: string, recordFile: string): Supervisor {
  const lab = ownIdentity();
  writeLabRecord(recordFile, { lab, processes: [] });
  const reaper = startReaper();
  const known = new Map<string, SupervisedProcess>();
  const listeners = new Set<(event: ProcessEvent) => void>();
  let ended = false;

  const publish = (): void => {
    const running = listRunning(known.values());
    reaper.publish(running);
    writeLabRecord(recordFile, { lab, processes: running });
  };
  const logCheck = setInterval(() => {
    for (const managed of known.values()) boundLog(managed.logFile);
  }, LOG_CHECK_MS).unref();

  return {
    processes: () => [...known.values()],
    ofSite: (site) => [...known.values()].filter((managed) => managed.spec.site === site),
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async spawnProcess(spec) {
      if (ended) throw new Error(`The lab is ending; ${spec.name} cannot be started any more.`);
      if (known.has(spec.name)) throw new Error(`The lab has a process named ${spec.name} already.`);
      const changed = (state: ProcessState): void => {
        publish();
        for (const listener of listeners) listener({ name: spec.name, site: spec.site, state });
      };
      const logFile = join(stateDir, LOG_FOLDER, `${spec.name}.log`);
      const managed = manageProcess(spec, logFile, { changed, mayStart: () => !ended });
      known.set(spec.name, managed);
      const result = await managed.start();
      if (result.ok) return { ok: true, process: managed };
      known.delete(spec.name);
      return result;
    },
    async end() {
      if (ended) return;
      ended = true;
      clearInterval(logCheck);
      await endInOrder(known.values());
      reaper.close();
      rmSync(recordFile, { force: true });
    },
  };
}
