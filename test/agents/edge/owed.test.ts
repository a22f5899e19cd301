import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOwed, type Owed } from "../../../agents/edge/owed.ts";

const tell = (owed: Owed, seq: number) => {
  const { full, targets } = owed.tell(seq);
  return { full, targets: [...targets] };
};

describe("what is owed", () => {
  it("is told again with every frame until one that told it is acknowledged", () => {
    const owed = createOwed();
    owed.note("a");
    expect(tell(owed, 1)).toEqual({ full: false, targets: ["a"] });
    expect(tell(owed, 2)).toEqual({ full: false, targets: ["a"] });
    owed.acknowledge(2);
    expect(owed.isEmpty()).toBe(true);
    expect(tell(owed, 3).targets).toEqual([]);
  });

  it("[SAFE-10] an acknowledgement of an older frame does not clear what was noted after it", () => {
    const owed = createOwed();
    owed.note("a");
    owed.note(null);
    owed.noteAll();
    owed.tell(1);
    owed.note("a");
    owed.acknowledge(1);
    expect(tell(owed, 2)).toEqual({ full: false, targets: ["a"] });
    owed.note(null);
    owed.acknowledge(2);
    expect(owed.isEmpty()).toBe(false);
    expect(tell(owed, 3)).toEqual({ full: false, targets: [] });
    owed.noteAll();
    owed.acknowledge(3);
    expect(tell(owed, 4).full).toBe(true);
  });

  it("an acknowledgement of the first telling does not clear what a later frame told anew", () => {
    const owed = createOwed();
    owed.note("a");
    owed.tell(1);
    owed.tell(2);
    owed.acknowledge(1);
    expect(owed.isEmpty()).toBe(false);
    owed.acknowledge(2);
    expect(owed.isEmpty()).toBe(true);
  });

  const anyStep = fc.oneof(
    fc.record({ type: fc.constant("note" as const), target: fc.constantFrom("a", "b", "c") }),
    fc.record({ type: fc.constant("tell" as const) }),
    fc.record({ type: fc.constant("acknowledge" as const), back: fc.integer({ min: 0, max: 3 }) }),
  );

  it("[SAFE-10] nothing is forgotten: each note was in a frame that was acknowledged, or is in the next one", () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        const owed = createOwed();
        let seq = 0;
        /** By target: the first frame after its last note, once there is one. */
        const due = new Map<string, number | null>();
        for (const step of steps) {
          if (step.type === "note") {
            owed.note(step.target);
            due.set(step.target, null);
          } else if (step.type === "tell") {
            seq += 1;
            owed.tell(seq);
            for (const [target, first] of due) due.set(target, first ?? seq);
          } else {
            const acknowledged = seq - step.back;
            owed.acknowledge(acknowledged);
            // It is owed until a frame that told it is acknowledged: the model forgets only then.
            for (const [target, first] of due)
              if (first !== null && first <= acknowledged) due.delete(target);
          }
        }
        const next = tell(owed, seq + 1).targets;
        for (const target of due.keys()) expect(next).toContain(target);
      }),
    );
  });
});
