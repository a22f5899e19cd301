import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { CopySettings } from "@evenkeel/contracts/sdk-config";
import { openDoubleWriter } from "../../sdk/double-write/double-writer.ts";
import { openJournal } from "../../sdk/double-write/open-journal.ts";
import { SdkError } from "../../sdk/errors.ts";
import { makeRoute } from "../sdk/make-route.ts";
import type { Row } from "./figure-table.ts";

/** Copies that wait, and writes that come while they do. */
const WAITING = 100_000;
const WRITES = 300_000;
const AT_A_TIME = 50;
const VALUE = "x".repeat(100);
/** A write may wait for so long because of the files, in milliseconds. */
const HOLD_MS = 100;

/** An application writes on and on while a data centre is away and its queue on disk is full. */
export async function measureJournal(): Promise<Row> {
  const directory = await mkdtemp(join(tmpdir(), "evenkeel-bench-journal-"));
  const writer = await openDoubleWriter({
    settings: CopySettings.parse({ maxEntries: WAITING, maxBytes: 1024 ** 3, closeWithinMs: 0 }),
    dataCentres: ["dc1", "dc2"],
    driver: {
      isReady: () => false,
      send: async () => ({ kind: "later" }),
      keysOf: (commands) => commands.map(([, key]) => String(key)),
    },
    opened: await openJournal({ directory, fsync: "every-second" }),
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
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const beganMs = performance.now();
  await writeUntil(WAITING + WRITES);
  const tookMs = performance.now() - beganMs;
  loop.disable();
  await writer.close();
  await rm(directory, { recursive: true });
  const perSecond = Math.round(WRITES / (tookMs / 1000));
  return {
    figure: `longest wait of a write with ${WAITING} copies waiting on disk, ${WRITES} writes`,
    measured: `${longestMs.toFixed(0)} ms (event loop held ${(loop.max / 1e6).toFixed(0)} ms at most), ${perSecond} writes/s`,
    goal: { words: `≤ ${HOLD_MS} ms`, met: longestMs <= HOLD_MS },
  };
}
