import type { Disk } from "../../sdk/double-write/disk.ts";

/** One step of what was done to the disk. */
export type DiskStep =
  | { readonly kind: "create"; readonly name: string; readonly file: number }
  | { readonly kind: "write"; readonly file: number; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: "sync"; readonly file: number }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "sync-names" };

/** Files by name, as they are found afterwards. */
export type FoundFiles = ReadonlyMap<string, Buffer>;

/** A disk in memory that knows each step that was done to it. */
export interface CrashDisk extends Disk {
  readonly steps: readonly DiskStep[];
  /** Called before each step; what it returns is waited for. */
  gate: (step: DiskStep) => Promise<void> | void;
}

/** Makes an empty one. Each step takes a turn of the event loop, so that others come in between. */
export function createCrashDisk(): CrashDisk {
  const steps: DiskStep[] = [];
  let files = 0;
  const step = async (next: DiskStep): Promise<void> => {
    await disk.gate(next);
    await new Promise((resolve) => setImmediate(resolve));
    steps.push(next);
  };
  const disk: CrashDisk = {
    steps,
    gate: () => undefined,
    list: async () => [...playNames(steps).keys()],
    read: async (name) => play(steps).get(name) ?? Buffer.alloc(0),
    async create(name) {
      files += 1;
      const file = files;
      await step({ kind: "create", name, file });
      return {
        write: async (bytes, at) => await step({ kind: "write", file, at, bytes: Buffer.from(bytes) }),
        sync: async () => await step({ kind: "sync", file }),
        close: async () => undefined,
      };
    },
    rename: async (from, to) => await step({ kind: "rename", from, to }),
    remove: async (name) => await step({ kind: "remove", name }),
    syncNames: async () => await step({ kind: "sync-names" }),
  };
  return disk;
}

/** Gives found files to who reads them. */
export function openFound(found: FoundFiles): Disk {
  const refuse = () => Promise.reject(new Error("found files are read only"));
  return {
    list: async () => [...found.keys()],
    read: async (name) => found.get(name) ?? Buffer.alloc(0),
    ...{ create: refuse, rename: refuse, remove: refuse, syncNames: refuse },
  };
}

function playNames(steps: readonly DiskStep[]): Map<string, number> {
  const names = new Map<string, number>();
  for (const step of steps) {
    if (step.kind === "create") names.set(step.name, step.file);
    else if (step.kind === "remove") names.delete(step.name);
    else if (step.kind === "rename") {
      const file = names.get(step.from);
      names.delete(step.from);
      if (file !== undefined) names.set(step.to, file);
    }
  }
  return names;
}

function playFile(steps: readonly DiskStep[], file: number): Buffer {
  let content = Buffer.alloc(0);
  for (const step of steps) {
    if (step.kind !== "write" || step.file !== file) continue;
    const longer = Buffer.alloc(Math.max(content.length, step.at + step.bytes.length));
    content.copy(longer);
    step.bytes.copy(longer, step.at);
    content = longer;
  }
  return content;
}

const play = (steps: readonly DiskStep[]): FoundFiles =>
  new Map([...playNames(steps)].map(([name, file]) => [name, playFile(steps, file)]));

/**
 * What is found if the process dies while a step is done: all before it, and any part of it.
 *
 * @param steps all of them
 * @param at the step
 */
export function* findAfterDeath(steps: readonly DiskStep[], at: number): Generator<FoundFiles> {
  const before = steps.slice(0, at);
  yield play(before);
  const torn = steps[at];
  if (torn?.kind !== "write") return;
  for (const length of [1, torn.bytes.length >> 1, torn.bytes.length - 1])
    yield play([...before, { ...torn, bytes: torn.bytes.subarray(0, length) }]);
}

/**
 * What is found if the power fails before a step: of names and of each file what was brought onto the disk itself; beyond
 * that as much of the names as went by themselves, in their order or all but one of them, and of the files nothing,
 * everything, or what was written to the last.
 *
 * @param steps all of them
 * @param at the step
 */
export function* findAfterPowerCut(steps: readonly DiskStep[], at: number): Generator<FoundFiles> {
  const before = steps.slice(0, at);
  const newest = before.reduce((last, step) => (step.kind === "create" ? step.file : last), 0);
  for (const names of findNames(before)) {
    for (const keeps of [() => false, () => true, (file: number) => file === newest])
      yield new Map(
        [...names].map(([name, file]) => {
          const lastSync = before.findLastIndex((step) => step.kind === "sync" && step.file === file);
          return [name, playFile(keeps(file) ? before : before.slice(0, lastSync + 1), file)];
        }),
      );
  }
}

function* findNames(before: readonly DiskStep[]): Generator<Map<string, number>> {
  const lastSync = before.findLastIndex(({ kind }) => kind === "sync-names");
  const safe = before.slice(0, lastSync + 1);
  const others = before.slice(lastSync + 1).filter(({ kind }) => kind !== "write" && kind !== "sync");
  for (let count = 0; count <= others.length; count += 1)
    yield playNames([...safe, ...others.slice(0, count)]);
  for (const missing of others) yield playNames([...safe, ...others.filter((one) => one !== missing)]);
}
