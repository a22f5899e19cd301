/**
 * Runs as a process of its own beside the lab and ends everything that the lab started when the lab itself dies, even
 * by SIGKILL. The lab writes its registry as one line of JSON whenever it changes; when the pipe closes, the lab is
 * gone and the last registry is ended.
 */
import { createInterface } from "node:readline";
import { endRegistered, type Registry, registrySchema } from "./registry.ts";

// It has to outlive the lab by a moment, so the signals that end a lab do not end it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

let registry: Registry = [];
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  registry = registrySchema.parse(JSON.parse(line));
});
lines.on("close", () => {
  endRegistered(registry);
  process.exit(0);
});
