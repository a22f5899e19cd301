/**
 * Runs as a process of its own beside the lab and ends everything that the lab started when the lab itself dies, even
 * by SIGKILL. It gets the registry as its argument, then as one line of JSON whenever it changes; when the pipe closes, the lab is
 * gone and the last registry is ended.
 */
import { createInterface } from "node:readline";
import { endRegistered, type Registry, registrySchema } from "./registry.ts";

// It has to outlive the lab by a moment, so the signals that end a lab do not end it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

/** Reads one line. A lab that dies while it writes leaves half a line: the whole one before it counts then. */
function parseLine(line: string): Registry | undefined {
  try {
    return registrySchema.parse(JSON.parse(line));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

let registry: Registry = registrySchema.parse(JSON.parse(process.argv[2] ?? "[]"));
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  registry = parseLine(line) ?? registry;
});
lines.on("close", () => {
  endRegistered(registry);
  process.exit(0);
});
