import { PROCESSES_FRAME_MAX, type ProcessesFrame } from "@evenkeel/contracts/agent-protocol";
import { PROCESS_RECORD_MAX, PROCESSES_MAX, processKey } from "@evenkeel/contracts/process";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SYSTEM_CLOCK } from "../../../agents/clock.ts";
import { watchProcesses } from "../../../agents/stores/process-watch.ts";
import { beginVirtualTime, endVirtualTime } from "../virtual-time.ts";
import { createMemoryStore, type MemoryStore } from "./memory-store.ts";

const INSTANCE = "ins_test01";
const key = (id: string, application = "app") => processKey(INSTANCE, application, id);
const record = (epoch: number, more: object = {}) =>
  JSON.stringify({
    ...{ v: 1, host: "web", pid: 1, sdk: "sdk", startedAt: "" },
    routes: { mon_1: { epoch, decision: `dec_${epoch}` } },
    ...more,
  });

let memory: MemoryStore;
let frames: ProcessesFrame[];
let isOpen: boolean;
let watch: { stop(): void };

beforeEach(() => {
  beginVirtualTime();
  memory = createMemoryStore();
  frames = [];
  isOpen = true;
});
afterEach(() => {
  watch.stop();
  endVirtualTime();
});

async function begin(): Promise<void> {
  watch = watchProcesses({
    ...{ store: memory.store, storeId: "main", instanceId: INSTANCE, clock: SYSTEM_CLOCK },
    onProcesses: (frame) => isOpen && frames.push(frame) > 0,
  });
  await vi.advanceTimersByTimeAsync(100);
}
const pass = (ms = 100) => vi.advanceTimersByTimeAsync(ms);
const shown = () =>
  frames.flatMap(({ processes }) =>
    processes.map(({ id, record: one }) => [id, one?.routes.mon_1?.epoch ?? null]),
  );

describe("an agent that tells of processes", () => {
  it("tells that nobody is there", async () => {
    await begin();
    expect(frames).toEqual([{ type: "processes", store: "main", anew: true, more: false, processes: [] }]);
  });

  it("tells all, then what changes and who ends, with the age of the news", async () => {
    memory.write(key("a"), record(1));
    await begin();
    memory.write(key("a"), record(2));
    await pass(10);
    memory.write(key("b"), record(2));
    await pass();
    memory.remove(key("a"));
    await pass();
    expect(frames.map(({ anew }) => anew)).toEqual([true, false, false]);
    expect(shown()).toEqual([
      ["a", 1],
      ["a", 2],
      ["b", 2],
      ["a", null],
    ]);
    expect(frames[1]?.processes.map(({ ageMs }) => ageMs)).toEqual([25, 15]);
  });

  it("tells only the last of several changes of one process", async () => {
    await begin();
    for (const epoch of [1, 2, 3]) memory.write(key("a"), record(epoch));
    await pass();
    expect(shown()).toEqual([["a", 3]]);
  });

  it("leaves out what is no process and counts what is no record as none", async () => {
    memory.write(`/evenkeel/v1/${INSTANCE}/app/route/mon_1`, record(1));
    memory.write(`/evenkeel/v1/${INSTANCE}/beat/s1`, record(1));
    memory.write(key("a/b"), record(1));
    memory.write(key("long"), record(1, { host: "h".repeat(PROCESS_RECORD_MAX) }));
    memory.write(key("broken"), "{");
    await begin();
    expect(shown()).toEqual([
      ["long", null],
      ["broken", null],
    ]);
  });

  it("tells a long list in several frames, and of so many of an application only", async () => {
    for (let at = 0; at < PROCESSES_MAX + 50; at += 1) memory.write(key(`p${at}`), record(1));
    memory.write(key("q", "other"), record(1));
    await begin();
    expect(frames.map(({ anew, more, processes }) => [anew, more, processes.length])).toEqual([
      [true, true, PROCESSES_FRAME_MAX],
      [false, true, PROCESSES_FRAME_MAX],
      [false, false, 1],
    ]);
    memory.remove(key("p0"));
    memory.write(key("new"), record(1));
    await pass();
    expect(shown().slice(-2)).toEqual([
      ["p0", null],
      ["new", 1],
    ]);
  });

  it("tells everything anew after news that could not be sent, and after the store was read anew", async () => {
    memory.write(key("a"), record(1));
    await begin();
    isOpen = false;
    memory.write(key("a"), record(2));
    await pass();
    isOpen = true;
    await pass(2000);
    expect(frames.at(-1)).toMatchObject({ anew: true, processes: [{ id: "a" }] });
    expect(shown().at(-1)).toEqual(["a", 2]);
    memory.rereadAll();
    await pass();
    expect(frames).toHaveLength(3);
    expect(frames.at(-1)).toMatchObject({ anew: true, processes: [{ id: "a" }] });
  });

  it("is silent once it is stopped", async () => {
    await begin();
    memory.write(key("a"), record(1));
    watch.stop();
    await pass();
    memory.write(key("b"), record(1));
    await pass();
    expect(frames).toHaveLength(1);
  });
});
