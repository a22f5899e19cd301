import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CopySettings } from "@evenkeel/contracts/sdk-config";
import { openDoubleWriter } from "../../sdk/double-write/double-writer.ts";
import { type OpenedJournal, openJournal } from "../../sdk/double-write/open-journal.ts";
import { SdkError } from "../../sdk/errors.ts";
import { makeRoute } from "../sdk/make-route.ts";
import type { Row } from "./figure-table.ts";

/** Copies that wait, and writes that come while they do. */
const WAITING = 100_000;
const WRITES = 300_000;
const AT_A_TIME = 50;
const VALUE = "x".repeat(100);
/** A write may wait for so long, in milliseconds; a queue in memory makes it wait for the garbage collector alone. */
const HOLD_MS = 400;

/** What was measured of one queue. */
interface Measured {
  readonly longestMs: number;
  readonly perSecond: number;
}

/** An application writes on and on while a data centre is away and its queue is full. */
async function writeOn(opened: OpenedJournal | null): Promise<Measured> {
  const writer = await openDoubleWriter({
    settings: CopySettings.parse({ maxEntries: WAITING, maxBytes: 1024 ** 3, closeWithinMs: 0 }),
    dataCentres: ["dc1", "dc2"],
    driver: {
      isReady: () => false,
      send: async () => ({ kind: "later" }),
      keysOf: (commands) => commands.map(([, key]) => String(key)),
    },
    opened,
    onDiverged: () => undefined,
    onProblem: (message) => console.error(message),
  });
  writer.follow(makeRoute(1));
  let count = 0;
  let longestMs = 0;
  const write = async (): Promise<void> => {
    count += 1;
    const ticket = writer.admit(VALUE.length);
    if (ticket instanceof SdkError) throw ticket;
    const commands = [["set", `key-${count % WAITING}`, VALUE] as const];
    const beganMs = performance.now();
    await writer.commit(ticket, { commands, isRepeatable: true }, true);
    longestMs = Math.max(longestMs, performance.now() - beganMs);
  };
  const writeUntil = async (end: number): Promise<void> => {
    const caller = async (): Promise<void> => {
      while (count < end) await write();
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, caller));
  };
  await writeUntil(WAITING);
  longestMs = 0;
  const beganMs = performance.now();
  await writeUntil(WAITING + WRITES);
  const perSecond = Math.round(WRITES / ((performance.now() - beganMs) / 1000));
  await writer.close();
  return { longestMs, perSecond };
}

/** Measures how long the files of a queue on disk hold a write. */
export async function measureJournal(): Promise<Row> {
  const inMemory = await writeOn(null);
  const directory = await mkdtemp(join(tmpdir(), "evenkeel-bench-journal-"));
  const onDisk = await writeOn(await openJournal({ directory, fsync: "every-second" }));
  await rm(directory, { recursive: true });
  const tell = ({ longestMs, perSecond }: Measured) => `${longestMs.toFixed(0)} ms at ${perSecond} writes/s`;
  return {
    figure: `longest wait of ${WRITES} writes for their copies to be queued, ${WAITING} waiting on disk`,
    measured: `${tell(onDisk)} (in memory: ${tell(inMemory)})`,
    goal: { words: `≤ ${HOLD_MS} ms`, met: onDisk.longestMs <= HOLD_MS },
  };
}
