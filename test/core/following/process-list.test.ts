import type { ProcessesFrame } from "@evenkeel/contracts/agent-protocol";
import type { ProcessRecord } from "@evenkeel/contracts/process";
import { chooseTellers } from "@evenkeel/core/following/choose-tellers";
import { type ProcessList, takeProcesses } from "@evenkeel/core/following/process-list";
import { describe, expect, it } from "vitest";

const EMPTY: ProcessList = new Map();

const record = (epoch: number): ProcessRecord => ({
  ...{ v: 1, host: "web", pid: 1, sdk: "sdk", startedAt: "" },
  routes: { mon_1: { epoch, decision: `dec_${epoch}` } },
});

function told(anew: boolean, ...processes: (readonly [string, number | null, number?])[]): ProcessesFrame {
  return {
    ...{ type: "processes", store: "main", anew, more: false },
    processes: processes.map(([id, epoch, ageMs = 0]) => ({
      applicationId: "app",
      id,
      ageMs,
      record: epoch === null ? null : record(epoch),
    })),
  };
}

const since = (list: ProcessList) => [...list].map(([key, one]) => [key, one.followsSinceMs.mon_1]);

describe("a list of processes", () => {
  it("knows since when each follows its route, by the age that the agent told", () => {
    const first = takeProcesses(EMPTY, EMPTY, told(true, ["a", 1], ["b", 1]), 100);
    const second = takeProcesses(first, first, told(false, ["a", 2, 30]), 200);
    expect(since(second)).toEqual([
      ["app/a", 170],
      ["app/b", 100],
    ]);
  });

  it("drops who has ended, and everybody whom a new list does not name", () => {
    const first = takeProcesses(EMPTY, EMPTY, told(true, ["a", 1], ["b", 1], ["c", 1]), 100);
    const second = takeProcesses(first, first, told(false, ["a", null]), 200);
    const third = takeProcesses(second, second, told(true, ["b", 1]), 300);
    expect(since(third)).toEqual([["app/b", 100]]);
  });

  it("keeps the processes of another application that have the same id", () => {
    const frame = told(true, ["a", 1]);
    const other = {
      ...frame,
      anew: false,
      processes: frame.processes.map((one) => ({ ...one, applicationId: "other" })),
    };
    const first = takeProcesses(EMPTY, EMPTY, frame, 100);
    expect([...takeProcesses(first, first, other, 200).keys()]).toEqual(["app/a", "other/a"]);
  });
});

describe("the agent that tells of a store", () => {
  const agent = (id: string, stores: readonly string[], connected = true) => ({
    ...{
      id,
      name: id,
      site: "s1",
      connected,
      seen: true,
      heardAtMs: 0,
      boot: null,
      host: null,
      version: null,
    },
    ...{ illness: null, links: [] },
    stores: stores.map((store) => ({ store, reachable: true, words: "" })),
  });
  const able = new Set(["a", "b"]);

  it("is the first that can, is connected and reaches it", () => {
    const agents = [agent("old", ["x"]), agent("a", ["x"], false), agent("b", ["x", "y"])];
    expect(chooseTellers(agents, able, {})).toEqual({ x: "b", y: "b" });
  });

  it("stays the same while it can", () => {
    const agents = [agent("a", ["x"]), agent("b", ["x"])];
    expect(chooseTellers(agents, able, { x: "b" })).toEqual({ x: "b" });
    expect(chooseTellers([agent("a", ["x"]), agent("b", [])], able, { x: "b" })).toEqual({ x: "a" });
  });

  it("is nobody for a store that no agent reaches", () => {
    const cut = { ...agent("a", []), stores: [{ store: "x", reachable: false, words: "refused" }] };
    expect(chooseTellers([cut], able, { x: "a" })).toEqual({});
  });
});
