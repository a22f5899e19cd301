import { describe, expect, it } from "vitest";
import { createAdmission, UNPROVEN_MAX, UNPROVEN_PER_ADDRESS_MAX } from "../../../agents/peers/admission.ts";

describe("places for connections", () => {
  it("are few for strangers of one address: the oldest gives way, those of other addresses do not", () => {
    const places = createAdmission<string>();
    expect(places.enter("other", "10.0.0.2")).toEqual([]);
    for (let i = 0; i < UNPROVEN_PER_ADDRESS_MAX; i += 1)
      expect(places.enter(`s${i}`, "10.0.0.1")).toEqual([]);
    expect(places.enter("one more", "10.0.0.1")).toEqual(["s0"]);
    expect(places.list()).toHaveLength(UNPROVEN_PER_ADDRESS_MAX + 1);
    expect(places.list()).toContain("other");
  });

  it("are bounded for strangers of all addresses", () => {
    const places = createAdmission<string>();
    const evicted: string[] = [];
    for (let i = 0; i < 10 * UNPROVEN_MAX; i += 1) evicted.push(...places.enter(`s${i}`, `10.0.0.${i}`));
    expect(places.list()).toHaveLength(UNPROVEN_MAX);
    expect(evicted).toHaveLength(9 * UNPROVEN_MAX);
  });

  it("of peers are not taken by any number of strangers", () => {
    const places = createAdmission<string>();
    places.enter("peer", "10.0.0.1");
    places.prove("peer", "b");
    for (let i = 0; i < 10 * UNPROVEN_MAX; i += 1)
      expect(places.enter(`s${i}`, `10.0.0.${i % 50}`)).not.toContain("peer");
    expect(places.list()).toContain("peer");
  });

  it("are one for each peer: its new connection takes the place of the old one", () => {
    const places = createAdmission<string>();
    places.enter("old", "10.0.0.1");
    expect(places.prove("old", "b")).toBeNull();
    places.enter("new", "10.0.0.1");
    expect(places.prove("new", "b")).toBe("old");
    // The end of the old connection comes later and must not free the new one's place.
    places.leave("old");
    expect(places.list()).toEqual(["new"]);
    places.leave("new");
    expect(places.list()).toEqual([]);
  });
});
