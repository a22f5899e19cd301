import type { PeerLink } from "@evenkeel/contracts/agent-protocol";
import { combineLinks } from "@evenkeel/core/health/links";
import { describe, expect, it } from "vitest";

const link = (state: PeerLink["state"], at = 1): PeerLink => ({
  agentId: `a${at}`,
  site: "s1",
  state,
  ageMs: 4000,
  roundTripMs: null,
});

const STATES = ["up", "cut", "unknown"] as const;

describe("links to one site [SAFE-3]", () => {
  it("are up as soon as one link of one observer is, whatever the others say", () => {
    for (const other of STATES) {
      expect(combineLinks([[link("up")], [link(other)]])).toBe("up");
      expect(combineLinks([[link(other), link("up", 2)]])).toBe("up");
      expect(combineLinks([[link(other)], [], [link("up")]])).toBe("up");
    }
  });

  it("are cut only if every observer had one and lost all that it had", () => {
    expect(combineLinks([[link("cut")]])).toBe("cut");
    expect(combineLinks([[link("cut")], [link("cut"), link("unknown", 2)]])).toBe("cut");
    expect(combineLinks([[link("cut")], [link("unknown")]])).toBe("unknown");
    expect(combineLinks([[link("cut")], []])).toBe("unknown");
  });

  it("are unknown while nobody looks", () => {
    expect(combineLinks([])).toBe("unknown");
    expect(combineLinks([[]])).toBe("unknown");
  });
});
