import { describe, expect, it } from "vitest";
import {
  beginLink,
  CUT_AFTER_MS,
  noteAnswer,
  noteRefusal,
  passTime,
  renderLink,
} from "../../../agents/peers/link-state.ts";

const PEER = { agentId: "b", site: "dc2" };
const up = noteAnswer(beginLink(1000), 2000, 1.5);

describe("a link", () => {
  it("[SAFE-5] that was never up is unknown however long the silence lasts", () => {
    expect(passTime(beginLink(0), 1_000_000, 0).state).toBe("unknown");
  });

  it("is up from its first answer on, with the round trip and the time that this lasts", () => {
    const later = noteAnswer(up, 5000, 0.123_456);
    const rendered = renderLink(PEER, later, 7000);
    expect(rendered).toEqual({ ...PEER, state: "up", ageMs: 5000, roundTripMs: 0.123 });
  });

  it("is cut once no answer came for the whole time, and not a millisecond earlier", () => {
    expect(passTime(up, 2000 + CUT_AFTER_MS - 1, 0).state).toBe("up");
    expect(passTime(up, 2000 + CUT_AFTER_MS, 0)).toMatchObject({
      state: "cut",
      sinceMs: 2000 + CUT_AFTER_MS,
    });
  });

  it("is not cut by a silence that this process slept through", () => {
    const woken = passTime(up, 62_000, 60_000);
    expect(woken.state).toBe("up");
    expect(passTime(woken, 62_000 + CUT_AFTER_MS, 0).state).toBe("cut");
  });

  it("does not count sleep beyond the present: a clock that is wrong cannot keep a dead link up", () => {
    expect(passTime(passTime(up, 3000, 60_000), 3000 + CUT_AFTER_MS, 0).state).toBe("cut");
  });

  it("[SAFE-5] that was refused is unknown, and stays so until it answers", () => {
    const refused = noteRefusal(up, 3000);
    expect(refused).toMatchObject({ state: "unknown", sinceMs: 3000 });
    expect(passTime(refused, 100_000, 0).state).toBe("unknown");
    expect(noteAnswer(refused, 100_000, 1).state).toBe("up");
  });

  it("[SAFE-5] that is cut and then refused is unknown: a machine that answers is not cut off", () => {
    const cut = passTime(up, 10_000, 0);
    expect(noteRefusal(cut, 11_000).state).toBe("unknown");
  });
});
