import {
  computeRecoveryPoint,
  gradeRecoveryPoint,
  HEARTBEAT_LOG_MAX,
  type HeartbeatLog,
  noteHeartbeat,
} from "@evenkeel/core/health/heartbeat-log";
import { describe, expect, it } from "vitest";

const PAUSE_MS = 9000;

/** Writes numbers from 100 on, one each second from 10 s on. */
function write(count: number): HeartbeatLog {
  let log: HeartbeatLog = [];
  for (let at = 0; at < count; at += 1) log = noteHeartbeat(log, 100 + at, 10_000 + at * 1000);
  return log;
}

describe("the recovery point", () => {
  it("is the age of the newest own number that the standby holds, on the writer's own clock", () => {
    expect(computeRecoveryPoint(write(5), 104, 14_200, PAUSE_MS)).toBe(200);
    expect(computeRecoveryPoint(write(5), 102, 14_200, PAUSE_MS)).toBe(2200);
  });

  it("grows while nothing arrives", () => {
    const ages = [20_000, 30_000, 99_000].map((nowMs) =>
      computeRecoveryPoint(write(5), 102, nowMs, PAUSE_MS),
    );
    expect(ages).toEqual([8000, 18_000, 87_000]);
  });

  it("is the age of the first own number at least where the standby holds none of them", () => {
    for (const held of [null, 99, 105, 1e12]) {
      expect(computeRecoveryPoint(write(5), held, 14_000, PAUSE_MS)).toBe(4000);
    }
  });

  it("is not known before this process has written", () => {
    expect(computeRecoveryPoint([], 104, 14_000, PAUSE_MS)).toBeNull();
  });

  it("is not measured while nothing is written and everything has arrived, since nothing is missing", () => {
    expect(computeRecoveryPoint(write(5), 104, 14_000 + PAUSE_MS, PAUSE_MS)).toBe(PAUSE_MS);
    expect(computeRecoveryPoint(write(5), 104, 14_001 + PAUSE_MS, PAUSE_MS)).toBeNull();
    expect(computeRecoveryPoint(write(5), 103, 14_001 + PAUSE_MS, PAUSE_MS)).toBe(1001 + PAUSE_MS);
  });

  it("of a standby that is far behind is never too small, however much was forgotten", () => {
    const log = write(10 * HEARTBEAT_LOG_MAX);
    expect(log.length).toBeLessThanOrEqual(HEARTBEAT_LOG_MAX);
    const nowMs = 10_000 + 10 * HEARTBEAT_LOG_MAX * 1000;
    for (let held = 100; held < 100 + 10 * HEARTBEAT_LOG_MAX; held += 37) {
      const exact = nowMs - (10_000 + (held - 100) * 1000);
      expect(computeRecoveryPoint(log, held, nowMs, 1e12)).toBeGreaterThanOrEqual(exact);
    }
    expect(computeRecoveryPoint(log, 100, nowMs, 1e12)).toBe(nowMs - 10_000);
  });

  it("is told anew when it becomes known or has doubled, and not for every moment", () => {
    expect(gradeRecoveryPoint(null, 1000)).toBeNull();
    expect([0, 1, 999, 1999].map((rpoMs) => gradeRecoveryPoint(rpoMs, 1000))).toEqual([0, 0, 0, 0]);
    expect([2000, 3999, 4000, 8000].map((rpoMs) => gradeRecoveryPoint(rpoMs, 1000))).toEqual([1, 1, 2, 3]);
  });
});
