import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { isAlive, type ProcessIdentity, processIdentitySchema } from "./process-table.ts";
import { killTree } from "./signal-tree.ts";

/** No lab runs more processes than this; a longer registry is not one of ours. */
const MAX_ENTRIES = 200;
/** No server has more processes of its own than this. */
const MAX_FROZEN = 2000;

const entrySchema = z.object({
  name: z.string().min(1).max(100),
  root: processIdentitySchema,
  /**
   * Members that were stopped with SIGSTOP. If the root is killed by someone else meanwhile, they descend from nobody
   * and cannot notice it, so they are remembered one by one.
   */
  frozen: z.array(processIdentitySchema).max(MAX_FROZEN),
});

/** The running processes of a lab: what has to end when the lab does. */
export const registrySchema = z.array(entrySchema).max(MAX_ENTRIES);

/** See {@link registrySchema}. */
export type Registry = z.infer<typeof registrySchema>;

/**
 * Kills everything in a registry that still lives. A pid that now belongs to another process is left alone.
 * @returns what was killed
 */
export function endRegistered(registry: Registry): ProcessIdentity[] {
  return registry.flatMap(({ root, frozen }) => killTree(root, frozen));
}

/** How long killed processes may take to be gone; they hold ports and data directories until then. */
const GONE_WITHIN_MS = 10_000;
const GONE_POLL_MS = 5;

/**
 * Waits until killed processes are really gone.
 * @throws when one is still there after 10 s, which only a process stuck in the kernel is
 */
export async function untilGone(members: readonly ProcessIdentity[]): Promise<void> {
  const deadlineMs = performance.now() + GONE_WITHIN_MS;
  let left = members.filter(isAlive);
  while (left.length > 0) {
    if (performance.now() > deadlineMs) {
      throw new Error(`Killed processes do not end: ${left.map((member) => member.pid).join(", ")}.`);
    }
    await sleep(GONE_POLL_MS);
    left = left.filter(isAlive);
  }
}

/** What a lab keeps in its state directory while it runs: itself, and what it has started. */
const labRecordSchema = z.object({ lab: processIdentitySchema, processes: registrySchema });

/** See {@link writeLabRecord}. */
export type LabRecord = z.infer<typeof labRecordSchema>;

/** Writes the record so that a reader sees either the old one or the new one. */
export function writeLabRecord(file: string, record: LabRecord): void {
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/**
 * Reads the record that a lab left behind.
 * @returns undefined when there is none
 * @throws when the file is not such a record; the message names the file
 */
export function readLabRecord(file: string): LabRecord | undefined {
  if (!existsSync(file)) return undefined;
  const parsed = labRecordSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (!parsed.success) {
    throw new Error(
      `${file} does not list processes: ${z.prettifyError(parsed.error)}. Delete it and start again.`,
    );
  }
  return parsed.data;
}
