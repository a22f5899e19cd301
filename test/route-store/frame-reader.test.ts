import fc from "fast-check";
import { expect, test } from "vitest";
import { createFrameReader } from "../../route-store/frame-reader.ts";

test("frames come out whole, however the network cuts them, also inside a character", () => {
  const texts = fc.array(fc.json({ stringUnit: "binary" }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(texts, fc.array(fc.nat(40), { minLength: 1, maxLength: 60 }), (frames, cuts) => {
      const bytes = Buffer.from(frames.map((frame) => `${frame}\n`).join(""), "utf8");
      const read = createFrameReader();
      const seen: string[] = [];
      let from = 0;
      for (let turn = 0; from < bytes.length; turn += 1) {
        const to = from + 1 + (cuts[turn % cuts.length] ?? 0);
        const reading = read(bytes.subarray(from, to));
        if (reading.ok) seen.push(...reading.frames);
        from = to;
      }
      expect(seen).toEqual(frames);
    }),
  );
});

test("an unfinished frame is held back, and blank lines are no frames", () => {
  const read = createFrameReader();
  expect(read(Buffer.from('{"a":1}\n\n{"b"'))).toEqual({ ok: true, frames: ['{"a":1}'] });
  expect(read(Buffer.from(":2}\n"))).toEqual({ ok: true, frames: ['{"b":2}'] });
});

test("a line without end is refused at the limit instead of filling the memory", () => {
  const read = createFrameReader(100);
  expect(read(Buffer.alloc(100, "x")).ok).toBe(true);
  expect(read(Buffer.alloc(1, "x"))).toMatchObject({ ok: false });
});
