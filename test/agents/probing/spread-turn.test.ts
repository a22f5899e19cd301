import { describe, expect, it } from "vitest";
import { spreadTurn } from "../../../agents/probing/spread-turn.ts";

const MINUTE_MS = 60_000;

describe("turns of many targets", () => {
  it("are spread over the interval, and their first logins anew over a minute", () => {
    const turns = Array.from({ length: 1000 }, (_, position) => spreadTurn(position, 1000, 1000));
    for (let ms = 0; ms < 1000; ms += 10) {
      const together = turns.filter(({ probeAfterMs }) => probeAfterMs >= ms && probeAfterMs < ms + 10);
      expect(together).toHaveLength(10);
    }
    expect(turns.at(-1)?.loginAfterMs).toBe(MINUTE_MS);
    expect(turns.filter(({ loginAfterMs }) => loginAfterMs <= MINUTE_MS / 2)).toHaveLength(500);
  });

  it("of few begin at once, and none begins later than after three seconds", () => {
    expect(spreadTurn(19, 20, 30_000)).toEqual({ probeAfterMs: 0, loginAfterMs: MINUTE_MS });
    expect(spreadTurn(999, 1000, 30_000).probeAfterMs).toBeLessThan(3000);
  });
});
