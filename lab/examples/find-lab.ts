import { z } from "zod";
import { type FilledSdkConfig, readSdkConfig } from "../arrange/sdk-config.ts";
import type { LabEngine } from "../engines/lab-engines.ts";
import { askRemote, NoLabError, serveRemote } from "../remote-socket.ts";
import { startLab } from "../start-lab.ts";
import { FAST_TIMING, WATCHED_TIMING } from "../timing.ts";
import { runVerb } from "../verbs.ts";

const Filled = z.object({ text: z.string(), environment: z.record(z.string(), z.string()) });

/** A lab that an example runs in. */
export interface FoundLab {
  readonly config: FilledSdkConfig;
  /** False if somebody else started it. */
  readonly isOwn: boolean;
  /** Ends the lab, unless somebody else started it. */
  end(): Promise<void>;
}

/** Which lab, and what of it. */
export interface LabWanted {
  readonly stateDir: string;
  readonly offset: number;
  readonly engine: LabEngine;
  /** Whether a lab that is started switches after one second instead of three. */
  readonly fast: boolean;
  readonly say: (line: string) => void;
}

/**
 * Finds the lab that runs, or starts one with the engine that is needed.
 *
 * @param wanted which one
 * @returns the lab and the application's configuration
 * @throws Error if it cannot be started, or if the one that runs has no such engine
 */
export async function findLab(wanted: LabWanted): Promise<FoundLab> {
  const { stateDir, offset, engine, say } = wanted;
  const config = await askRunningLab(stateDir, engine);
  if (config !== null) return { config, isOwn: false, end: async () => undefined };
  const lab = await startLab({
    stateDir,
    offset,
    engines: [engine],
    http: false,
    gates: false,
    timing: wanted.fast ? FAST_TIMING : WATCHED_TIMING,
    arbitration: {},
    say,
  });
  const remote = serveRemote(stateDir, (words) => runVerb(lab, words));
  const end = async (): Promise<void> => {
    remote.close();
    await lab.end();
  };
  return { config: await readSdkConfig(lab, engine), isOwn: true, end };
}

/** @returns what the lab that runs from this directory hands out; null if none runs */
async function askRunningLab(stateDir: string, engine: LabEngine): Promise<FilledSdkConfig | null> {
  try {
    const answer = await askRemote(stateDir, ["sdk-config", engine]);
    if (!answer.ok) throw new Error(answer.line);
    return Filled.parse(JSON.parse(answer.line));
  } catch (error) {
    if (error instanceof NoLabError) return null;
    throw error;
  }
}
