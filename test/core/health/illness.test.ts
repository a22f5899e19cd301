import { computeIllness, LATE_LOOP_MS, type SightOfTarget } from "@evenkeel/core/health/illness";
import { describe, expect, it } from "vitest";

const sight = (site: string, failing: boolean, sawUp = true): SightOfTarget => ({ site, failing, sawUp });

describe("self-doubt", () => {
  it("[SAFE-2] an observer whose event loop was late is ill", () => {
    expect(computeIllness(LATE_LOOP_MS, [])).toBeNull();
    expect(computeIllness(LATE_LOOP_MS + 1, [])).toMatchObject({
      cause: "late-event-loop",
      words: "the agent's event loop was 251 ms late",
    });
  });

  it("[SAFE-2] one failing site is a fault of that site, however much fails there", () => {
    expect(computeIllness(0, [sight("s1", true), sight("s1", true), sight("s2", false)])).toBeNull();
    expect(computeIllness(0, [sight("s1", true)])).toBeNull();
  });

  it("[SAFE-2] most sites failing at once point at the observer", () => {
    const two = [sight("s1", true), sight("s2", true)];
    expect(computeIllness(0, two)).toMatchObject({
      cause: "most-sites-fail",
      words: "most targets fail in 2 of 2 sites at once",
    });
    expect(computeIllness(0, [...two, sight("s3", false)])?.cause).toBe("most-sites-fail");
    expect(computeIllness(0, [...two, sight("s3", false), sight("s4", false)])).toBeNull();
  });

  it("a site fails only if more than half of its targets do", () => {
    const half = [sight("s1", true), sight("s1", false)];
    expect(computeIllness(0, [...half, sight("s2", true)])).toBeNull();
    expect(computeIllness(0, [...half, sight("s1", true), sight("s2", true)])?.cause).toBe("most-sites-fail");
  });

  it("[SAFE-2] targets that were never seen up say nothing of the observer", () => {
    const never = [sight("s1", true, false), sight("s2", true, false)];
    expect(computeIllness(0, never)).toBeNull();
    // They do not dilute a site's failures either.
    const mixed = [sight("s1", true), sight("s1", false, false), sight("s2", true)];
    expect(computeIllness(0, mixed)?.cause).toBe("most-sites-fail");
  });
});
