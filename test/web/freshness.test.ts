import { describe, expect, it } from "vitest";
import {
  BACKOFF_MAX_MS,
  computeBackoff,
  computeFreshness,
  GRACE_MS,
  isTrusted,
  type LineState,
  PICTURE_MAX_MS,
  POLLED_MAX_MS,
  SILENCE_MAX_MS,
} from "../../web/live/freshness.ts";

const open: LineState = { socketOpen: true, heardAtMs: 1000, picturedAtMs: 1000, pollFailed: false };
const polled: LineState = { ...open, socketOpen: false };

describe("stale data never looks live", () => {
  it("nothing was shown yet: waiting, and nobody may act", () => {
    const freshness = computeFreshness({ ...open, heardAtMs: null, picturedAtMs: null }, 5000);
    expect(freshness).toEqual({ kind: "waiting" });
    expect(isTrusted(freshness)).toBe(false);
  });

  it("an open socket is live exactly as long as it is heard", () => {
    expect(computeFreshness(open, 1000 + SILENCE_MAX_MS).kind).toBe("live");
    expect(computeFreshness(open, 1001 + SILENCE_MAX_MS)).toEqual({
      kind: "lost",
      ageMs: SILENCE_MAX_MS + 1,
    });
  });

  it("pongs alone do not keep a picture alive for ever", () => {
    const now = 1001 + PICTURE_MAX_MS;
    expect(computeFreshness({ ...open, heardAtMs: now }, now)).toEqual({
      kind: "lost",
      ageMs: PICTURE_MAX_MS + 1,
    });
  });

  it("without a socket a failed poll is a lost line at once, with its age", () => {
    expect(computeFreshness({ ...polled, pollFailed: true }, 1500)).toEqual({ kind: "lost", ageMs: 500 });
  });

  it("polling keeps the picture as long as polls succeed", () => {
    expect(computeFreshness(polled, 1000 + POLLED_MAX_MS).kind).toBe("polling");
    expect(computeFreshness(polled, 1001 + POLLED_MAX_MS).kind).toBe("lost");
  });

  it("a line that just broke is neither live nor lost until the first poll is back, for a short time only", () => {
    const broken: LineState = { ...polled, heardAtMs: 2000 };
    const freshness = computeFreshness(broken, 2000 + GRACE_MS);
    expect(freshness.kind).toBe("checking");
    expect(isTrusted(freshness)).toBe(false);
    expect(computeFreshness(broken, 2001 + GRACE_MS).kind).toBe("lost");
  });
});

describe("reconnecting", () => {
  it("waits longer each time, up to a limit, and never twice the same for all consoles", () => {
    expect([1, 2, 3].map((attempt) => computeBackoff(attempt, 1))).toEqual([500, 1000, 2000]);
    expect(computeBackoff(1, 0)).toBe(250);
    expect(computeBackoff(99, 1)).toBe(BACKOFF_MAX_MS);
    expect(computeBackoff(99, 0)).toBe(BACKOFF_MAX_MS / 2);
  });
});
