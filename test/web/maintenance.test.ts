import { WINDOWS_MAX } from "@evenkeel/contracts/plan";
import { describe, expect, it } from "vitest";
import { draftWindow, dropEnded, endWindow, NEW_WINDOW } from "../../web/model/maintenance.ts";
import { FIXTURE_NOW_MS as NOW_MS } from "./fixture-views.ts";

const HOUR_MS = 3_600_000;
const draft = { ...NEW_WINDOW, lengthMs: HOUR_MS, reason: " new disks " };
const makeWindow = (fromMs: number, untilMs: number, reason = "disks") => ({ fromMs, untilMs, reason });

describe("a new maintenance window", () => {
  it("begins now by the control plane's clock, and carries its reason", () => {
    const window = makeWindow(NOW_MS, NOW_MS + HOUR_MS, "new disks");
    expect(draftWindow(draft, NOW_MS, [])).toEqual({ window });
  });

  it("begins at a time that was entered in the reader's own zone", () => {
    const fromMs = new Date(2026, 10, 22, 1, 30).getTime();
    const drafted = draftWindow({ ...draft, beginsAt: "2026-11-22T01:30" }, NOW_MS, []);
    expect(drafted).toEqual({ window: makeWindow(fromMs, fromMs + HOUR_MS, "new disks") });
  });

  it("says what is to be mended before it can be stored", () => {
    const wrong = (change: object, existing = 0) => {
      const windows = Array.from({ length: existing }, (_, n) => makeWindow(NOW_MS + n, NOW_MS + HOUR_MS));
      const drafted = draftWindow({ ...draft, ...change }, NOW_MS, windows);
      return "wrong" in drafted ? drafted.wrong : null;
    };
    expect(wrong({ beginsAt: "" })).toBe("window.wrong.begins");
    expect(wrong({ beginsAt: "2026-11-01T01:30" })).toBe("window.wrong.past");
    expect(wrong({ reason: "  " })).toBe("window.wrong.reason");
    expect(wrong({}, WINDOWS_MAX)).toBe("window.wrong.many");
    expect(wrong({}, WINDOWS_MAX - 1)).toBeNull();
  });
});

describe("the windows of a monitor", () => {
  const ended = makeWindow(NOW_MS - HOUR_MS, NOW_MS);
  const open = makeWindow(NOW_MS - 1, NOW_MS + 1);
  const planned = makeWindow(NOW_MS + 1, NOW_MS + 2);

  it("are listed without those that ended, the earliest first", () => {
    expect(dropEnded([planned, ended, open], NOW_MS)).toEqual([open, planned]);
  });

  it("lose exactly the one that is ended", () => {
    const other = { ...open, reason: "other" };
    expect(endWindow([planned, open, other], { ...open })).toEqual([planned, other]);
  });
});
