import { InstanceEvent } from "@evenkeel/contracts/event";
import { because } from "@evenkeel/contracts/sentences";
import { FOLLOW_LATE_MS, FOLLOW_WATCH_MS, judgeFollowing } from "@evenkeel/core/following/judge-following";
import type { RegisteredProcess } from "@evenkeel/core/following/process-list";
import { describe, expect, it } from "vitest";

const NOW = 1_000_000;
const MONITOR = "mon_1";

function finished(change: Partial<InstanceEvent> = {}): InstanceEvent {
  return InstanceEvent.parse({
    id: "evt_1",
    atMs: NOW,
    type: "switch-finished",
    level: "info",
    monitorId: MONITOR,
    dataCentre: "dc2",
    because: because("switch-finished", { to: "dc2", epoch: 7 }),
    decision: "dec_7",
    epoch: 7,
    timeLine: [
      { mark: "first-failed-probe", atMs: NOW - 1100, who: "agent", words: "" },
      { mark: "decided", atMs: NOW - 20, who: null, words: "" },
      { mark: "route-written", atMs: NOW - 5, who: "main", words: "" },
      { mark: "finished", atMs: NOW, who: null, words: "" },
    ],
    rtoMs: 1095,
    ...change,
  });
}

function makeProcess(pid: number, epoch: number, sinceMs = NOW): RegisteredProcess {
  return {
    ...{ id: `p${pid}`, applicationId: "app", host: "web", pid, sdk: "sdk", startedAt: "" },
    routes: { [MONITOR]: { epoch, decision: `dec_${epoch}` } },
    followsSinceMs: { [MONITOR]: sinceMs },
  };
}

describe("a change of a route", () => {
  it("is followed once every process follows, and its recovery time goes on to the last of them", () => {
    const processes = [makeProcess(1, 7, NOW + 3), makeProcess(2, 7, NOW + 40), makeProcess(3, 7, NOW - 2)];
    const { events, deadlineMs } = judgeFollowing([finished()], processes, NOW + 50);
    expect(deadlineMs).toBeNull();
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      ...{ type: "switch-followed", level: "info", decision: "dec_7", epoch: 7, monitorId: MONITOR },
      ...{ atMs: NOW + 50, rtoMs: 1140 },
      because: { text: "All 3 registered processes follow epoch 7; the last one was web #2" },
    });
    const marks = events[0]?.timeLine.filter(({ mark }) => mark === "process-followed");
    expect(marks?.map(({ who, atMs }) => [who, atMs - NOW])).toEqual([
      ["web #3", -2],
      ["web #1", 3],
      ["web #2", 40],
    ]);
  });

  it("is not followed while one process is behind; that is told after a while, once", () => {
    const processes = [makeProcess(1, 7), makeProcess(2, 6)];
    const change = finished();
    expect(judgeFollowing([change], processes, NOW)).toEqual({
      events: [],
      deadlineMs: NOW + FOLLOW_LATE_MS,
    });
    const late = judgeFollowing([change], processes, NOW + FOLLOW_LATE_MS);
    expect(late.deadlineMs).toBeNull();
    expect(late.events).toMatchObject([
      {
        type: "switch-unfollowed",
        level: "major",
        because: { text: "1 of 2 registered processes do not follow epoch 7 after 10 s: web #2" },
      },
    ]);
    const told = { ...late.events[0], id: "evt_2" } as InstanceEvent;
    expect(judgeFollowing([told, change], processes, NOW + FOLLOW_LATE_MS + 1).events).toEqual([]);
    const caughtUp = judgeFollowing([told, change], [makeProcess(1, 7)], NOW + FOLLOW_LATE_MS + 2);
    expect(caughtUp.events).toMatchObject([{ type: "switch-followed" }]);
  });

  it("is told of once", () => {
    const { events } = judgeFollowing([finished()], [makeProcess(1, 7)], NOW);
    const told = { ...events[0], id: "evt_2" } as InstanceEvent;
    expect(judgeFollowing([told, finished()], [makeProcess(1, 7)], NOW + 1).events).toEqual([]);
  });

  it("is nobody's concern without processes of its monitor, or when a newer one came, or when it is old", () => {
    expect(judgeFollowing([finished()], [], NOW).events).toEqual([]);
    const elsewhere = { ...makeProcess(1, 7), routes: {} };
    expect(judgeFollowing([finished()], [elsewhere], NOW).events).toEqual([]);
    const newer = finished({ id: "evt_3", decision: "dec_8", epoch: 8 });
    expect(judgeFollowing([newer, finished()], [makeProcess(1, 7)], NOW).events).toEqual([]);
    const old = NOW + FOLLOW_WATCH_MS + 1;
    expect(judgeFollowing([finished()], [makeProcess(1, 7)], old).events).toEqual([]);
  });

  it("of reads and writes has no recovery time", () => {
    const change = finished({ type: "access-changed", rtoMs: null });
    expect(judgeFollowing([change], [makeProcess(1, 7)], NOW).events).toMatchObject([
      { type: "switch-followed", rtoMs: null },
    ]);
  });

  it("keeps its time line within what an event may carry, with the processes that came last", () => {
    const processes = Array.from({ length: 400 }, (_, at) => makeProcess(at, 7, NOW + at));
    const { events } = judgeFollowing([finished()], processes, NOW + 500);
    expect(InstanceEvent.safeParse({ ...events[0], id: "evt_2" }).success).toBe(true);
    expect(events[0]?.timeLine).toHaveLength(200);
    expect(events[0]?.timeLine.at(-1)).toMatchObject({ who: "web #399" });
    expect(events[0]?.timeLine[0]).toMatchObject({ mark: "first-failed-probe" });
  });
});
