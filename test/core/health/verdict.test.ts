import { Vote } from "@evenkeel/contracts/live";
import { computeTargetVerdict } from "@evenkeel/core/health/verdict";
import type { AgentVote, DownBy } from "@evenkeel/core/health/vote";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

/** Votes by site, written as `down` or `down/refusal`. */
function votes(spoken: Record<string, string>): Record<string, AgentVote> {
  return Object.fromEntries(
    Object.entries(spoken).map(([site, text]) => {
      const [vote, by] = text.split("/");
      return [site, { vote: Vote.parse(vote), by: vote === "down" ? asEvidence(by) : null }];
    }),
  );
}

const asEvidence = (text: string | undefined): DownBy => (text === "refusal" ? "refusal" : "timeout");
const verdictOf = (spoken: Record<string, string>) => computeTargetVerdict(votes(spoken), "s1");

describe("the verdict on a target", () => {
  it("[SAFE-3] takes down from two sites, its own among them", () => {
    expect(verdictOf({ s1: "down", s2: "down", sw: "blind" })).toEqual({
      verdict: "down",
      evidence: "enough",
      by: "timeout",
      downSites: ["s1", "s2"],
    });
    expect(verdictOf({ s1: "down", s2: "blind", sw: "ill" })).toMatchObject({
      verdict: "down",
      evidence: "too-few-domains",
    });
  });

  it.each(["blind", "ill", "silent"])("[SAFE-3] a %s own site is excused", (own) => {
    expect(verdictOf({ s1: own, s2: "down", sw: "down" }).evidence).toBe("enough");
    expect(verdictOf({ s1: own, s2: "down", sw: "blind" }).evidence).toBe("too-few-domains");
  });

  it("[SAFE-3] an own site that is merely absent is not excused, nor is one that nobody knows", () => {
    expect(verdictOf({ s1: "absent", s2: "down", sw: "down" }).evidence).toBe("own-site-unheard");
    expect(verdictOf({ s2: "down", sw: "down" }).evidence).toBe("own-site-unheard");
  });

  it("[SAFE-3] one site that hears it answer forbids down, however many say so", () => {
    expect(verdictOf({ s1: "down", s2: "down", sw: "down", s4: "up" })).toMatchObject({
      verdict: "up",
      evidence: null,
      downSites: ["s1", "s2", "sw"],
    });
  });

  it("waits while a site on its way could still complete the evidence, and not for one that could not", () => {
    expect(verdictOf({ s1: "down", s2: "failing" }).verdict).toBe("failing");
    expect(verdictOf({ s1: "failing", s2: "down", sw: "down" }).verdict).toBe("failing");
    expect(verdictOf({ s1: "down", s2: "down", sw: "failing" })).toMatchObject({
      verdict: "down",
      evidence: "enough",
    });
  });

  it("[SAFE-2] is unknown when nobody can tell", () => {
    expect(verdictOf({}).verdict).toBe("unknown");
    expect(verdictOf({ s1: "blind", s2: "ill", sw: "silent", s4: "absent" }).verdict).toBe("unknown");
  });

  it("is by the timeout only if every site that calls it down waited for it", () => {
    expect(verdictOf({ s1: "down", s2: "down/refusal" }).by).toBe("refusal");
    expect(verdictOf({ s1: "down", s2: "down" }).by).toBe("timeout");
  });
});

const SITES = ["s1", "s2", "s3", "s4", "s5"];
const anyVote = fc.record({
  vote: fc.constantFrom(...Vote.options),
  by: fc.constantFrom<DownBy>("timeout", "refusal"),
});
const anyVotes = fc.dictionary(fc.constantFrom(...SITES), anyVote);

describe("over any votes", () => {
  it("[SAFE-3] enough evidence means: no up, two sites down, the own site down or excused; and the other way round", () => {
    fc.assert(
      fc.property(anyVotes, fc.constantFrom(...SITES), (cast, ownSite) => {
        const { verdict, evidence } = computeTargetVerdict(cast, ownSite);
        const spoken = Object.values(cast).map((site) => site.vote);
        const own = cast[ownSite]?.vote;
        const complete =
          !spoken.includes("up") &&
          spoken.filter((vote) => vote === "down").length >= 2 &&
          own !== undefined &&
          ["down", "blind", "ill", "silent"].includes(own);
        expect(verdict === "down" && evidence === "enough").toBe(complete);
      }),
      { numRuns: 500 },
    );
  });

  it("[SAFE-3] names exactly the sites that say down, and evidence exactly for down", () => {
    fc.assert(
      fc.property(anyVotes, (cast) => {
        const { verdict, evidence, by, downSites } = computeTargetVerdict(cast, "s1");
        expect(downSites).toEqual(SITES.filter((site) => cast[site]?.vote === "down"));
        expect(evidence !== null).toBe(verdict === "down");
        expect(by !== null).toBe(verdict === "down");
      }),
    );
  });

  it("[SAFE-2] silencing a site never turns a target down that was not", () => {
    fc.assert(
      fc.property(anyVotes, fc.constantFrom(...SITES), (cast, gone) => {
        // A failing site is on its way to a verdict, so that losing it may only end the waiting.
        fc.pre(cast[gone]?.vote !== "up" && cast[gone]?.vote !== "failing");
        const before = computeTargetVerdict(cast, "s1");
        const after = computeTargetVerdict({ ...cast, [gone]: { vote: "absent", by: null } }, "s1");
        if (after.evidence === "enough") expect(before.evidence).toBe("enough");
      }),
    );
  });
});
