import { CopySettings } from "@evenkeel/contracts/sdk-config";
import { expect, test } from "vitest";
import type { CopyOutcome } from "../../sdk/double-write/copier.ts";
import { openDoubleWriter } from "../../sdk/double-write/double-writer.ts";
import { startJournal } from "../../sdk/double-write/journal.ts";
import type { OpenedJournal } from "../../sdk/double-write/open-journal.ts";
import { readSegments } from "../../sdk/double-write/read-segments.ts";
import { type Replayed, replay } from "../../sdk/double-write/replay.ts";
import { createSegmentFiles } from "../../sdk/double-write/segment-files.ts";
import { decodeRecords } from "../../sdk/double-write/segment-format.ts";
import { SdkError } from "../../sdk/errors.ts";
import { makeRoute } from "../sdk/make-route.ts";
import {
  createCrashDisk,
  type DiskStep,
  type FoundFiles,
  findAfterDeath,
  findAfterPowerCut,
  openFound,
} from "./crash-disk.ts";

/** Small enough for many files, and for copies of what an old entry leaves behind. */
const LIMITS = { segmentBytes: 1200, copyFromBytes: 4000, copyBytes: 300 };
const WRITES = 135;
/** The first writes are answered late, the last of them only in the next term. */
const LATE = 3;
const RELEASED_AT = 60;
const SWITCHED_AT = 75;
const LAST_RELEASED_AT = 130;
const KEYS = 4;
/** The server never takes this one. */
const REFUSED = 7;
const COPIES_TO = "dc2";

/** Something that happened when so many steps had been done to the disk. */
interface Happened {
  readonly at: number;
  readonly key: string;
  /** Counts up, over all keys. */
  readonly value: number;
  readonly epoch: number;
}

/** What an application wrote, and what the other data centre took of it. */
interface Story {
  readonly steps: readonly DiskStep[];
  readonly acknowledged: readonly Happened[];
  readonly applied: readonly Happened[];
  /** Values that must not be applied twice. */
  readonly once: ReadonlySet<number>;
}

/** An application writes; the first copies are answered late, so that they outlive files; then it is switched. */
async function tellStory(): Promise<Story> {
  const disk = createCrashDisk();
  const { steps } = disk;
  const acknowledged: Happened[] = [];
  const applied: Happened[] = [];
  const once = new Set<number>();
  const late: ((outcome: CopyOutcome) => void)[] = [];
  let epoch = 1;
  const opened: OpenedJournal = {
    ...{ left: replay([]), tornRecords: 0, release: async () => undefined },
    start: async (owner) =>
      await startJournal(createSegmentFiles(disk, true), { directory: "", fsync: "always" }, owner, LIMITS),
  };
  const writer = await openDoubleWriter({
    settings: CopySettings.parse({ closeWithinMs: 60_000 }),
    dataCentres: ["dc1", COPIES_TO],
    driver: {
      isReady: () => true,
      keysOf: (commands) => commands.map(([, key]) => String(key)),
      send(_, { commands }) {
        const [[, key, value] = []] = commands;
        if (Number(value) === REFUSED) return Promise.resolve({ kind: "refused", message: "WRONGTYPE" });
        applied.push({ at: steps.length, key: String(key), value: Number(value), epoch });
        return new Promise((answer) => {
          if (Number(value) <= LATE) late.push(answer);
          else setImmediate(answer, { kind: "applied" });
        });
      },
    },
    opened,
    onDiverged: () => undefined,
    onProblem: (message) => expect.unreachable(message),
  });
  const write = async (value: number): Promise<void> => {
    const ticket = writer.admit(1);
    if (ticket instanceof SdkError) throw ticket;
    // Those that are late or refused have keys of their own, so that they hold nobody up.
    const key = value <= LATE || value === REFUSED ? `own-${value}` : `k${value % KEYS}`;
    if (value % 5 === 0) once.add(value);
    const written = { key, value, epoch };
    const commands = [["set", key, String(value)] as const];
    await writer.commit(ticket, { commands, isRepeatable: !once.has(value) }, true);
    acknowledged.push({ ...written, at: steps.length });
  };
  writer.follow(makeRoute(1, "d1"));
  writer.setReached(true);
  for (let value = 1; value <= WRITES; value += 3) {
    if (value > RELEASED_AT)
      for (const answer of late.splice(0, late.length - 1)) answer({ kind: "applied" });
    if (value > LAST_RELEASED_AT) late.pop()?.({ kind: "applied" });
    if (value > SWITCHED_AT && epoch === 1) {
      epoch = 2;
      writer.follow(makeRoute(3, "d3", { after: "d2" }));
    }
    await Promise.all([write(value), write(value + 1), write(value + 2)]);
  }
  await expect.poll(() => writer.status().every(({ queued }) => queued === 0)).toBe(true);
  await writer.close();
  return { steps, acknowledged, applied, once };
}

/** Sends again what was left, and looks whether the other data centre then has what was acknowledged, and nothing older. */
function judge({ acknowledged, applied, once }: Story, left: Replayed, at: number): string[] {
  const wrong: string[] = [];
  const values = new Map<string, number>();
  const epoch = left.term?.epoch === 3 ? 2 : 1;
  // What happened after the last step may have happened or not.
  const sent = applied.filter((one) => one.at <= at);
  for (const one of sent) if (one.at < at) values.set(one.key, one.value);
  let lastId = 0;
  for (const { id, commands, to } of left.entries) {
    const [[, key = "", value = ""] = []] = commands;
    if (id <= lastId) wrong.push(`${id} comes after ${lastId}`);
    lastId = id;
    if (!to.includes(COPIES_TO)) wrong.push(`${id} goes nowhere`);
    if (once.has(Number(value)) && sent.some((one) => one.value === Number(value)))
      wrong.push(`${value} would be applied twice`);
    const written = [...acknowledged, ...applied].find((one) => one.value === Number(value));
    if (written !== undefined && written.epoch !== epoch) wrong.push(`${value} is of another term`);
    values.set(key, Number(value));
  }
  const uncertain = left.uncertain.get(COPIES_TO) ?? 0;
  const isTold = (value: number) => value === REFUSED && left.divergedBy[COPIES_TO]?.includes("failed");
  const missing = acknowledged.filter(
    (one) =>
      one.at < at && one.epoch === epoch && (values.get(one.key) ?? 0) < one.value && !isTold(one.value),
  );
  // What may have been applied and must not be twice is given up and counted.
  if (missing.length > uncertain)
    wrong.push(`${missing.map(({ key, value }) => `${key}=${value}`).join()} missing`);
  return wrong;
}

async function judgeAll(story: Story, find: (at: number) => Iterable<FoundFiles>): Promise<number> {
  let found = 0;
  for (let at = 0; at <= story.steps.length; at += 1) {
    for (const files of find(at)) {
      found += 1;
      const { records } = await readSegments(openFound(files));
      const wrong = judge(story, replay(records), at);
      if (wrong.length > 0)
        expect.unreachable(`step ${at}, ${[...files.keys()].join()}: ${wrong.join("; ")}`);
    }
  }
  return found;
}

test("whenever the process dies or the power fails, nothing that was acknowledged is missing or comes back", async () => {
  const story = await tellStory();
  const { steps } = story;
  const written = steps.flatMap((step) => (step.kind === "write" ? decodeRecords(step.bytes).records : []));
  const copies = written.filter((record) => record.kind === "entry" && record.id <= LATE).length;
  const removed = steps.filter(({ kind }) => kind === "remove").length;
  // The story is worth telling: files followed each other, old ones went, and what outlived them was copied.
  expect(copies).toBeGreaterThan(LATE);
  expect(removed).toBeGreaterThan(3);
  const afterDeath = await judgeAll(story, (at) => findAfterDeath(steps, at));
  const afterPowerCut = await judgeAll(story, (at) => findAfterPowerCut(steps, at));
  console.info(`${steps.length} steps, ${afterDeath + afterPowerCut} crashes`);
});
