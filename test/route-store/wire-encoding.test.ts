import fc from "fast-check";
import { expect, test } from "vitest";
import { fromWire, prefixEnd, toWire } from "../../route-store/wire-encoding.ts";

test("text survives the way to the gateway and back", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (text) => fromWire(toWire(text)) === text));
});

test("a prefix's range holds exactly the keys that begin with it", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), fc.string(), (prefix, rest, other) => {
      const start = Buffer.from(prefix);
      const end = Buffer.from(prefixEnd(prefix), "base64");
      const holds = (key: string): boolean =>
        Buffer.compare(Buffer.from(key), start) >= 0 && Buffer.compare(Buffer.from(key), end) < 0;
      expect(holds(prefix + rest)).toBe(true);
      const begins = Buffer.from(other).subarray(0, start.length).equals(start);
      expect(holds(other)).toBe(begins);
    }),
  );
});

test("the empty prefix is the range of all keys", () => {
  expect(Buffer.from(prefixEnd(""), "base64")).toEqual(Buffer.from([0]));
});
