import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Registry } from "./registry.ts";

const REAPER = fileURLToPath(new URL("./reaper.ts", import.meta.url));
/** A reaper that keeps dying is not started for ever. */
const MAX_RESTARTS = 20;

/** The lab's end of the pipe to its reaper. */
export interface Reaper {
  /** Tells the reaper what would have to end now. The line is in the pipe when this returns. */
  publish(registry: Registry): void;
  /** Lets the reaper end; it ends whatever the last registry still holds. */
  close(): void;
}

/**
 * Starts the reaper, and again whenever it is killed.
 * @throws when Node cannot be started
 */
export function startReaper(): Reaper {
  let last: Registry = [];
  let closed = false;
  let restarts = 0;

  const start = (): ChildProcess => {
    // The registry of this moment goes along as an argument: a lab that dies before its first write is covered too.
    const child = spawn(process.execPath, [REAPER, JSON.stringify(last)], {
      detached: true,
      stdio: ["pipe", "ignore", "inherit"],
    });
    // Without this a write to a reaper that has just been killed would end the lab; its exit is handled below.
    child.stdin?.on("error", () => undefined);
    child.on("exit", () => {
      if (closed || restarts >= MAX_RESTARTS) return;
      restarts += 1;
      current = start();
    });
    child.unref();
    return child;
  };

  let current = start();
  return {
    publish(registry) {
      last = registry;
      current.stdin?.write(`${JSON.stringify(registry)}\n`);
    },
    close() {
      closed = true;
      current.stdin?.end();
    },
  };
}
