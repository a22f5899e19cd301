import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockDirectory } from "../../sdk/double-write/directory-lock.ts";
import type { Journal } from "../../sdk/double-write/journal.ts";
import { openJournal } from "../../sdk/double-write/open-journal.ts";
import { replay } from "../../sdk/double-write/replay.ts";
import { decodeRecords, encodeRecord, type JournalRecord } from "../../sdk/double-write/segment-format.ts";

let directory = "";
const problems: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "evenkeel-journal-"));
  problems.length = 0;
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const TERM: JournalRecord = { kind: "term", active: "dc1", epoch: 3, decision: "d3", isNew: true };
const entry = (id: number, to: string[] = ["dc2"]): JournalRecord => ({
  ...{ kind: "entry", id, atMs: id, isRepeatable: true, to },
  commands: [["set", `k${id}`, "\u0000\u00ff"]],
});
const done = (to: string, ...ids: number[]): JournalRecord => ({ kind: "done", to, ids });

async function open(snapshot: readonly JournalRecord[] = []): Promise<Journal> {
  const opened = await openJournal({ directory, fsync: "every-second" });
  const entries = () => snapshot.filter(({ kind }) => kind === "entry");
  return await opened.start({
    head: () => snapshot.filter(({ kind }) => kind !== "entry"),
    standing: {
      entries,
      oldestId: () => Math.min(...entries().map((one) => (one.kind === "entry" ? one.id : Infinity))),
      bytes: () => 0,
    },
    onProblem: (message) => problems.push(message),
  });
}
/** As a process that was killed leaves it: nothing is closed in good order, and its lock is there. */
async function readLeft() {
  for (const name of readdirSync(directory)) if (name.startsWith("lock")) rmSync(join(directory, name));
  const opened = await openJournal({ directory, fsync: "never" });
  await opened.release();
  return opened;
}
const segments = (): string[] => readdirSync(directory).filter((each) => each.startsWith("segment-"));
const sizeOfAll = (): number =>
  segments().reduce(
    (sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
const newest = (): string => join(directory, segments()[0] ?? "");
const bigEntry = (id: number) =>
  ({ ...entry(id), commands: [["set", "k", "x".repeat(1024 * 1024)]] }) as JournalRecord;

describe("the files of a queue", () => {
  test("give back what was appended and not done, for the owner's eyes only", async () => {
    const journal = await open();
    await journal.append([TERM, entry(1, ["dc2", "dc3"]), entry(2), entry(3)]);
    await journal.append([done("dc2", 1, 3)]);
    const { left, tornRecords } = await readLeft();
    expect(tornRecords).toBe(0);
    expect(left.term).toEqual({ active: "dc1", epoch: 3, decision: "d3" });
    expect(left.entries.map(({ id, to }) => [id, to])).toEqual([
      [1, ["dc3"]],
      [2, ["dc2"]],
    ]);
    expect(left.entries[0]?.commands).toEqual([["set", "k1", "\u0000\u00ff"]]);
    expect(left.lastId).toBe(3);
    expect(statSync(newest()).mode & 0o777).toBe(0o600);
    await journal.close();
  });

  test("give up a record that is not whole, wherever it was cut, and keep those before it", async () => {
    const journal = await open();
    await journal.append([TERM, entry(1)]);
    const whole = readFileSync(newest());
    await journal.append([entry(2)]);
    const all = readFileSync(newest());
    for (let length = whole.length + 1; length < all.length; length += 1) {
      const { records, tornBytes } = decodeRecords(all.subarray(0, length));
      expect(records).toHaveLength(2);
      expect(tornBytes).toBe(length - whole.length);
    }
    const changed = Buffer.from(all);
    changed.writeUInt8(changed.readUInt8(all.length - 3) ^ 1, all.length - 3);
    writeFileSync(newest(), changed);
    const { left, tornRecords } = await readLeft();
    expect(tornRecords).toBe(1);
    expect(left.entries.map(({ id }) => id)).toEqual([1]);
    await journal.close();
  });

  test("go one after the other when all that stands in them has ended", async () => {
    const journal = await open([TERM]);
    for (let id = 1; id <= 14; id += 1) await journal.append([bigEntry(id), done("dc2", id)]);
    await expect.poll(() => segments().length).toBe(1);
    expect(segments()).not.toEqual(["segment-1.queue"]);
    await journal.close();
    const { left } = await readLeft();
    expect(left.term).toMatchObject({ epoch: 3 });
    expect(left.entries).toEqual([]);
  });

  test("are copied where an old entry outlives many younger ones, so that they do not grow for ever", async () => {
    const journal = await open([TERM, entry(7)]);
    for (let id = 8; id <= 100; id += 1) await journal.append([bigEntry(id), done("dc2", id)]);
    await expect.poll(() => sizeOfAll()).toBeLessThan(24 * 1024 * 1024);
    await journal.close();
    const { left } = await readLeft();
    expect(left.entries.map(({ id }) => id)).toEqual([7]);
    expect(left.term).toMatchObject({ epoch: 3 });
  });

  test("are those before until the new one is whole, and a draft counts for nothing", async () => {
    const journal = await open([TERM, entry(1)]);
    await journal.close();
    appendFileSync(join(directory, "segment.draft"), encodeRecord({ ...TERM, epoch: 9 } as JournalRecord));
    const { left } = await readLeft();
    expect(left.term?.epoch).toBe(3);
    expect(left.entries.map(({ id }) => id)).toEqual([1]);
  });

  test("are not touched any more once they are closed, as they may belong to another process", async () => {
    const journal = await open([TERM, entry(1)]);
    await journal.close();
    const names = readdirSync(directory);
    await journal.append([entry(2)]);
    await journal.close();
    expect(readdirSync(directory)).toEqual(names);
    expect((await readLeft()).left.entries.map(({ id }) => id)).toEqual([1]);
    expect(problems).toEqual([]);
  });

  test("say once that the disk refuses, keep nobody waiting, and go on when it takes them again", async () => {
    const journal = await open([TERM, entry(1)]);
    rmSync(directory, { recursive: true });
    const big = { ...entry(2), commands: [["set", "k", "x".repeat(5 * 1024 * 1024)]] } as JournalRecord;
    await journal.append([big]);
    // The next file cannot be made.
    await expect.poll(() => journal.isFailing).toBe(true);
    await journal.append([entry(3)]);
    expect(problems).toEqual([expect.stringMatching(/cannot be written to .*ENOENT/)]);
    mkdirSync(directory);
    await expect.poll(() => journal.isFailing).toBe(false);
    expect((await readLeft()).left.entries.map(({ id }) => id)).toEqual([1]);
    await journal.close();
  });
});

describe("what is replayed", () => {
  test("is in the order in which it was written, also where it was copied, and knows what was begun", () => {
    const once = (id: number) => ({ ...entry(id), isRepeatable: false }) as JournalRecord;
    const begun: JournalRecord = { kind: "begun", to: "dc2", ids: [1] };
    const left = replay([
      TERM,
      once(1),
      begun,
      entry(2),
      entry(3),
      done("dc2", 3),
      entry(2),
      once(1),
      entry(4),
    ]);
    expect(left.entries.map(({ id }) => id)).toEqual([2, 4]);
    expect([...left.uncertain]).toEqual([["dc2", 1]]);
    expect(replay([TERM, entry(2), entry(1)]).entries.map(({ id }) => id)).toEqual([1, 2]);
  });

  test("is nothing from before a new term, and all from before one that goes on", () => {
    const going = { ...TERM, epoch: 4, decision: "d4", isNew: false } as JournalRecord;
    expect(replay([TERM, entry(1), going]).entries).toHaveLength(1);
    expect(replay([TERM, entry(1), going]).term?.epoch).toBe(4);
    expect(replay([TERM, entry(1), { ...going, isNew: true } as JournalRecord]).entries).toEqual([]);
  });

  test("leaves out what must not be sent twice and may have been sent, and counts it", () => {
    const once = { ...entry(1, ["dc2", "dc3"]), isRepeatable: false } as JournalRecord;
    const left = replay([TERM, once, { kind: "begun", to: "dc2", ids: [1] }]);
    expect(left.entries.map(({ to }) => to)).toEqual([["dc3"]]);
    expect([...left.uncertain]).toEqual([["dc2", 1]]);
  });
});

describe("a directory", () => {
  test("belongs to one process at a time, and says to which", async () => {
    const first = await lockDirectory(directory);
    expect(await lockDirectory(directory)).toEqual({
      ok: false,
      message: expect.stringContaining(`process ${process.pid} on`),
    });
    if (!first.ok) throw new Error(first.message);
    await first.lock.release();
    expect((await lockDirectory(directory)).ok).toBe(true);
    await expect(openJournal({ directory, fsync: "never" })).rejects.toMatchObject({
      problems: [expect.stringMatching(/^router\.copies\.directory: process .* own$/)],
    });
  });

  test("of a process that died is taken over by exactly one of those who want it", async () => {
    const child = spawn(process.execPath, ["-e", ""], { stdio: "ignore" });
    const { pid = 0 } = child;
    await once(child, "exit");
    writeFileSync(join(directory, "lock-4"), JSON.stringify({ host: hostname(), pid, startedAt: "1" }));
    const taken = await Promise.all(Array.from({ length: 8 }, () => lockDirectory(directory)));
    expect(taken.filter(({ ok }) => ok)).toHaveLength(1);
    expect(readdirSync(directory)).toEqual(["lock-5"]);
  });

  test("cannot be used if it is none, and the error says so by its place in the configuration", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    await expect(openJournal({ directory: file, fsync: "never" })).rejects.toMatchObject({
      code: "EVENKEEL_CONFIG",
      problems: [expect.stringMatching(/^router\.copies\.directory: .* cannot be used \(E[A-Z]+\)$/)],
    });
  });
});
