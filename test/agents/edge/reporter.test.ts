import { REPORT_REPEAT_MS, type ReportFrame } from "@evenkeel/contracts/agent-protocol";
import { DOUBT_MS } from "@evenkeel/core/health/illness";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createReporter, type Reporter } from "../../../agents/edge/reporter.ts";
import { beginVirtualTime, endVirtualTime } from "../virtual-time.ts";

const BOOT = "boot-0001";

let sent: ReportFrame[] = [];
let asked: (string[] | null)[] = [];
let reporter: Reporter;
let illness: ReportFrame["illness"] = null;

beforeEach(() => {
  beginVirtualTime(["setTimeout", "clearTimeout", "setImmediate", "clearImmediate"]);
  sent = [];
  asked = [];
  illness = null;
  reporter = createReporter({
    boot: BOOT,
    gather(targets) {
      asked.push(targets === null ? null : [...targets]);
      return { illness, stores: [], links: [], observations: [] };
    },
    send(frame) {
      sent.push(frame);
      return true;
    },
  });
});
afterEach(() => {
  reporter.stop();
  endVirtualTime();
});

const seqs = () => sent.map((frame) => frame.seq);
/** Lets the next turn of the event loop come, without time passing. */
const nextTurn = () => vi.advanceTimersByTime(0);

/** Connected, with everything told and acknowledged. */
function connect(): void {
  reporter.startAnew();
  reporter.acknowledge(BOOT, sent.length);
  sent = [];
  asked = [];
}

describe("a reporter", () => {
  it("says nothing before the control plane is there, and everything once it is", () => {
    reporter.note("m/dc1");
    vi.advanceTimersByTime(10_000);
    expect(sent).toEqual([]);
    reporter.startAnew();
    expect(sent).toMatchObject([{ type: "report", boot: BOOT, seq: 1, full: true }]);
    expect(asked).toEqual([null]);
  });

  it("tells what changes in one turn of the event loop in one frame", () => {
    connect();
    for (const target of ["m/dc1", "m/dc2", "m/dc1"]) reporter.note(target);
    reporter.note(null);
    expect(sent).toEqual([]);
    nextTurn();
    expect(sent).toMatchObject([{ seq: 2, full: false }]);
    expect(asked).toEqual([["m/dc1", "m/dc2"]]);
  });

  it("[SAFE-2] takes an illness back although nothing else changes, and not before it is over", () => {
    connect();
    illness = { cause: "late-event-loop", words: "late" };
    reporter.note("m/dc1");
    nextTurn();
    reporter.acknowledge(BOOT, 2);
    expect(sent).toMatchObject([{ illness }]);
    // Somewhat more, because it is told in the turn after the timer's.
    vi.advanceTimersByTime(1.1 * DOUBT_MS);
    reporter.acknowledge(BOOT, 3);
    illness = null;
    vi.advanceTimersByTime(1.1 * DOUBT_MS);
    reporter.acknowledge(BOOT, 4);
    vi.advanceTimersByTime(10 * DOUBT_MS);
    const told = sent.map((frame) => frame.illness?.cause ?? "well");
    expect(told).toEqual(["late-event-loop", "late-event-loop", "well"]);
  });

  it("[SAFE-10] repeats each second with a new number and new ages until it is acknowledged", () => {
    connect();
    reporter.note("m/dc1");
    nextTurn();
    vi.advanceTimersByTime(3 * REPORT_REPEAT_MS);
    expect(seqs()).toEqual([2, 3, 4, 5]);
    expect(asked).toEqual([["m/dc1"], ["m/dc1"], ["m/dc1"], ["m/dc1"]]);
    reporter.acknowledge(BOOT, 4);
    expect(vi.getTimerCount()).toBe(1);
    reporter.acknowledge(BOOT, 5);
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10 * REPORT_REPEAT_MS);
    expect(seqs()).toEqual([2, 3, 4, 5]);
  });

  it("[SAFE-10] an acknowledgement of an older frame does not silence what was noted later", () => {
    connect();
    reporter.note("m/dc1");
    nextTurn();
    reporter.note("m/dc2");
    reporter.acknowledge(BOOT, 2);
    nextTurn();
    expect(asked).toEqual([["m/dc1"], ["m/dc2"]]);
    vi.advanceTimersByTime(REPORT_REPEAT_MS);
    expect(seqs()).toEqual([2, 3, 4]);
  });

  it("takes no acknowledgement of another process for its own", () => {
    connect();
    reporter.note("m/dc1");
    nextTurn();
    reporter.acknowledge("boot-0000", 1000);
    vi.advanceTimersByTime(REPORT_REPEAT_MS);
    expect(seqs()).toEqual([2, 3]);
  });

  it("a change restarts the second of the repetition, so that frames do not pile up", () => {
    connect();
    reporter.note("m/dc1");
    nextTurn();
    vi.advanceTimersByTime(REPORT_REPEAT_MS - 1);
    reporter.note("m/dc1");
    nextTurn();
    vi.advanceTimersByTime(REPORT_REPEAT_MS - 1);
    expect(seqs()).toEqual([2, 3]);
    vi.advanceTimersByTime(1);
    expect(seqs()).toEqual([2, 3, 4]);
  });

  it("is silent while the control plane is gone, forgets nothing, and then tells everything", () => {
    connect();
    reporter.note("m/dc1");
    reporter.pause();
    vi.advanceTimersByTime(10_000);
    reporter.note("m/dc2");
    vi.advanceTimersByTime(10_000);
    expect(sent).toEqual([]);
    reporter.startAnew();
    expect(sent).toMatchObject([{ seq: 2, full: true }]);
    reporter.acknowledge(BOOT, 2);
    vi.advanceTimersByTime(10_000);
    expect(seqs()).toEqual([2]);
  });

  it("[SAFE-10] numbers go on over a lost connection, so that no old acknowledgement fits a new frame", () => {
    reporter.startAnew();
    reporter.pause();
    reporter.startAnew();
    expect(seqs()).toEqual([1, 2]);
    reporter.acknowledge(BOOT, 1);
    vi.advanceTimersByTime(REPORT_REPEAT_MS);
    expect(sent.at(-1)).toMatchObject({ seq: 3, full: true });
  });

  it("says nothing more once it is stopped", () => {
    connect();
    reporter.note("m/dc1");
    reporter.stop();
    reporter.note("m/dc2");
    vi.advanceTimersByTime(10_000);
    expect(sent).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
