import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { boundLog, openLog } from "./log-file.ts";
import type { ProcessSpec } from "./process-spec.ts";

/** Lines longer than this are handed over and logged in part only. */
const MAX_LINE_CHARACTERS = 64 * 1024;

/**
 * Starts a program as the head of a process group of its own, so that the terminal's Ctrl-C reaches the lab only. Its
 * output goes straight into the log, so that it lives on when the lab is busy.
 * @param logFile receives standard output and standard error
 * @returns the child; its pid is undefined when the program could not be run, and an `error` event follows
 */
export function launch(spec: ProcessSpec, logFile: string): ChildProcess {
  boundLog(logFile);
  const log = openLog(logFile);
  const { onLine } = spec;
  const child = spawn(spec.command, spec.args, {
    detached: true,
    stdio: ["ignore", onLine === undefined ? log : "pipe", log],
    env: { ...process.env, ...spec.env },
    ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    ...(spec.uid === undefined ? {} : { uid: spec.uid }),
    ...(spec.gid === undefined ? {} : { gid: spec.gid }),
  });
  if (onLine === undefined || child.stdout === null) {
    closeSync(log);
    return child;
  }
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    const shown = line.slice(0, MAX_LINE_CHARACTERS);
    writeSync(log, `${shown}\n`);
    onLine(shown);
  });
  lines.on("close", () => closeSync(log));
  return child;
}

/** How a process ended, in words. */
export function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exit code ${code ?? "unknown"}` : `signal ${signal}`;
}
