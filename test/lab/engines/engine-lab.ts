import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineRequest } from "@evenkeel/lab/engines/engine-handle";
import { loadSecrets } from "@evenkeel/lab/engines/secrets";
import { findTakenPorts, type LabPorts, labPorts, PORTS_PER_LAB } from "@evenkeel/lab/processes/ports";
import { createSupervisor, type Supervisor } from "@evenkeel/lab/processes/supervisor";
import { ensurePrograms, isFound, type ProgramName } from "@evenkeel/lab/setup/programs";

/** Offsets far from those that people use, so that a lab may run beside the tests. */
const FIRST_OFFSET = 6000;
const LAST_OFFSET = 7800;

/** A place to start engines in, with ports that nothing else uses. */
export interface EngineLab {
  readonly stateDir: string;
  readonly ports: LabPorts;
  supervisor: Supervisor;
  /** What an engine needs; throws when the program is missing. */
  request(name: ProgramName): Promise<EngineRequest>;
  /** Ends everything in good order and supervises the same directory anew, as a second `npm start` does. */
  restart(): Promise<void>;
  /** Ends everything and removes it. */
  remove(): Promise<void>;
}

async function freePorts(): Promise<LabPorts> {
  for (let offset = FIRST_OFFSET; offset <= LAST_OFFSET; offset += PORTS_PER_LAB) {
    const ports = labPorts(offset);
    if ((await findTakenPorts(ports)).length === 0) return ports;
  }
  throw new Error(`No free range of ports from offset ${FIRST_OFFSET} to ${LAST_OFFSET}.`);
}

async function supervise(stateDir: string): Promise<Supervisor> {
  const made = await createSupervisor(stateDir);
  if (!made.ok) throw new Error(made.message);
  return made.supervisor;
}

/** Says why a program is missing, for a test to skip itself; undefined when it is there. Nothing is installed. */
export async function whyMissing(name: ProgramName): Promise<string | undefined> {
  const { [name]: program } = await ensurePrograms([name], () => undefined);
  return isFound(program) ? undefined : program.missing;
}

/** Opens an empty lab in a directory of its own. */
export async function openEngineLab(): Promise<EngineLab> {
  const stateDir = mkdtempSync(join(tmpdir(), "evenkeel-engines-"));
  const lab: EngineLab = {
    stateDir,
    ports: await freePorts(),
    supervisor: await supervise(stateDir),
    async request(name) {
      const { [name]: program } = await ensurePrograms([name], () => undefined);
      if (!isFound(program)) throw new Error(program.missing);
      return { stateDir, ports: lab.ports, program, supervisor: lab.supervisor, say: () => undefined };
    },
    async restart() {
      await lab.supervisor.end();
      lab.supervisor = await supervise(stateDir);
    },
    async remove() {
      await lab.supervisor.end();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
  return lab;
}

/** The handle of an engine that was to start, or the reason why it did not as an error. */
export function requireHandle<Handle>(
  result: { ok: true; handle: Handle } | { ok: false; message: string },
): Handle {
  if (!result.ok) throw new Error(result.message);
  return result.handle;
}

/** The passwords of a lab that a command line or a log of its processes shows. */
export function findShownPasswords(lab: EngineLab): string[] {
  const { passwords } = loadSecrets(lab.stateDir);
  return lab.supervisor.processes().flatMap((managed) => {
    const state = managed.state();
    const commandLine = "pid" in state ? readFileSync(`/proc/${state.pid}/cmdline`, "utf8") : "";
    const shown = `${commandLine}\n${readFileSync(managed.logFile, "utf8")}`;
    return Object.values(passwords).filter((password) => shown.includes(password));
  });
}
