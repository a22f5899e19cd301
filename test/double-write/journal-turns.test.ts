import { expect, test } from "vitest";
import type { Disk } from "../../sdk/double-write/disk.ts";
import { startJournal } from "../../sdk/double-write/journal.ts";
import { readSegments } from "../../sdk/double-write/read-segments.ts";
import { replay } from "../../sdk/double-write/replay.ts";
import { createSegmentFiles } from "../../sdk/double-write/segment-files.ts";
import type { JournalRecord } from "../../sdk/double-write/segment-format.ts";
import { createCrashDisk, findAfterDeath, findAfterPowerCut, openFound } from "./crash-disk.ts";

const LIMITS = { segmentBytes: 5000, copyFromBytes: 20_000, copyBytes: 1000 };
/** What one record of a test takes, and a batch of those that are written at the same time. */
const RECORD_BYTES = 200;
/** Entries that stand at a time: less than a file. */
const WINDOW = 20;
const TERM: JournalRecord = { kind: "term", active: "dc1", epoch: 3, decision: "d3", isNew: true };
const entry = (id: number): JournalRecord => ({
  ...{ kind: "entry", id, atMs: id, isRepeatable: true, to: ["dc2"] },
  commands: [["set", `k${id}`, "value"]],
});

/** A journal on a disk of the test, whose entries stand as long as the test says so. */
async function open(disk = createCrashDisk(), standing = new Map<number, JournalRecord>()) {
  const problems: string[] = [];
  const files = createSegmentFiles(disk, true);
  const owner = {
    head: () => [TERM],
    standing: {
      entries: function* () {
        for (const [, record] of [...standing]) yield record;
      },
      oldestId: () => Math.min(...standing.keys()),
      bytes: () => 0,
    },
    onProblem: (message: string) => void problems.push(message),
  };
  const journal = await startJournal(files, { directory: "", fsync: "every-second" }, owner, LIMITS);
  let lastId = 0;
  const write = async (): Promise<number> => {
    lastId += 1;
    standing.set(lastId, entry(lastId));
    await journal.append([entry(lastId)]);
    return lastId;
  };
  const left = async (found: Disk = disk) =>
    replay((await readSegments(found)).records).entries.map(({ id }) => id);
  return { disk, files, standing, journal, problems, write, left };
}

test("writes go on while the next file is made, however long that takes", async () => {
  const { disk, journal, write, left } = await open();
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const isOfNext = { create: true, "sync-names": true, rename: true, remove: true, sync: true, write: false };
  disk.gate = ({ kind }) => (isOfNext[kind] ? released : undefined);
  for (let count = 0; count < 100; count += 1) await write();
  expect(disk.steps.filter(({ kind }) => kind === "create")).toHaveLength(1);
  release();
  await expect.poll(() => disk.steps.filter(({ kind }) => kind === "create").length).toBeGreaterThan(1);
  await write();
  expect(await left()).toHaveLength(101);
  await journal.close();
});

test("what is copied is written a little at a time, and what is written meanwhile does not wait for the rest", async () => {
  const { disk, files, standing, journal, write, left } = await open();
  for (let count = 0; count < 200; count += 1) await write();
  const copied = (): number[] =>
    disk.steps.flatMap((step) =>
      step.kind === "write" && step.bytes.length > RECORD_BYTES ? [step.bytes.length] : [],
    );
  const chunksBefore = copied().length;
  // The first outlives all others, and those of the middle are ended as they are about to be copied.
  while (copied().length < chunksBefore + 20) {
    const id = await write();
    standing.delete(id - 100);
  }
  expect(Math.max(...copied().slice(chunksBefore))).toBeLessThanOrEqual(LIMITS.copyBytes + 2 * RECORD_BYTES);
  standing.delete(1);
  for (const id of [...standing.keys()]) if (id % 2 === 0) standing.delete(id);
  await expect
    .poll(async () => {
      await write();
      return files.bytes;
    })
    .toBeLessThan(LIMITS.copyFromBytes + 2 * LIMITS.segmentBytes);
  const found = await left();
  expect(found.filter((id) => standing.has(id))).toEqual([...standing.keys()]);
  await journal.close();
});

test("a power cut takes what was written last, and nothing from before it, through all files", async () => {
  const { disk, files, standing, journal, problems, write } = await open();
  const begunAt = disk.steps.length;
  const { steps } = disk;
  // Old entries end, so that files go too.
  while (files.newest.number < 6 || !steps.some(({ kind }) => kind === "remove")) {
    const id = await write();
    standing.delete(id - WINDOW);
  }
  for (let at = begunAt; at <= steps.length; at += 1) {
    for (const one of findAfterPowerCut(steps, at)) {
      const { entries, term } = replay((await readSegments(openFound(one))).records);
      const ids = entries.map(({ id }) => id);
      expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index));
      expect(term).toMatchObject({ epoch: 3 });
    }
  }
  expect(problems).toEqual([]);
  await journal.close();
});

test("what was not written while the disk refused is safe as soon as it takes writes again", async () => {
  const { disk, journal, standing, problems, write, left } = await open();
  disk.gate = ({ kind }) => {
    // The first file after the one at the beginning.
    if (kind === "create") throw new Error("no room");
  };
  for (let count = 0; count < 60; count += 1) await write();
  await expect.poll(() => journal.isFailing).toBe(true);
  disk.gate = () => undefined;
  // Few enough to be no reason for a further file.
  for (let id = 1; id <= 50; id += 1) standing.delete(id);
  const before = [...standing.keys()];
  await expect.poll(() => journal.isFailing, { timeout: 15_000 }).toBe(false);
  const recoveredAt = disk.steps.length;
  for (let count = 0; count < 60; count += 1) await write();
  expect(problems).toEqual([expect.stringContaining("no room")]);
  for (let at = recoveredAt; at <= disk.steps.length; at += 1) {
    for (const files of findAfterPowerCut(disk.steps, at))
      expect(await left(openFound(files))).toEqual(expect.arrayContaining(before));
  }
  await journal.close();
});

test("what an earlier process left is there at every step of taking it over", async () => {
  const earlier = await open();
  while (earlier.files.newest.number < 3) await earlier.write();
  await earlier.journal.close();
  const { disk, standing, left } = earlier;
  const begunAt = disk.steps.length;
  const later = await open(disk, standing);
  const takenOverAt = disk.steps.length;
  expect(disk.steps.slice(begunAt).filter(({ kind }) => kind === "remove").length).toBeGreaterThan(2);
  for (let at = begunAt; at <= takenOverAt; at += 1) {
    for (const found of [...findAfterDeath(disk.steps, at), ...findAfterPowerCut(disk.steps, at)])
      expect(await left(openFound(found))).toEqual([...standing.keys()]);
  }
  await later.journal.close();
});
