import { generateKeyPairSync } from "node:crypto";
import { renderPoint } from "@evenkeel/contracts/told-routes";
import { createQuestion, sealAnswer } from "@evenkeel/route-store/seal-answer";
import { expect, it, test } from "vitest";

const ABOUT = { instanceId: "inst", applicationId: "shop" };
const makeAgent = () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { privateKey, point: renderPoint(publicKey.export({ format: "jwk" })) ?? "" };
};
const agent = makeAgent();

function ask(key = agent.point) {
  const open = createQuestion(ABOUT, key);
  if (open === null) throw new Error("the agent's key is none");
  return open;
}
function seal(open: ReturnType<typeof ask>, text: string, by = agent): Buffer {
  const sealed = sealAnswer(by.privateKey, open.question, text);
  if (sealed === null) throw new Error("the question's key is none");
  return sealed;
}

it("gives the text to the one who asked, and hides it on its way", () => {
  const open = ask();
  const sealed = seal(open, '{"active":"dc2"}');
  expect(open.open(sealed)).toBe('{"active":"dc2"}');
  expect(sealed.includes("dc2")).toBe(false);
});

it("never seals two answers alike, not even to a question that is repeated", () => {
  const open = ask();
  expect(seal(open, "same")).not.toEqual(seal(open, "same"));
});

test.each([
  ["of another agent", (open: ReturnType<typeof ask>) => seal(open, "x", makeAgent())],
  ["to an earlier question", () => seal(ask(), "x")],
  [
    "for another application",
    (open: ReturnType<typeof ask>) => {
      const question = { ...open.question, applicationId: "bank" };
      return sealAnswer(agent.privateKey, question, "x") ?? Buffer.alloc(0);
    },
  ],
  ["that is too short to be one", () => Buffer.alloc(27)],
])("an answer %s is none", (_which, make) => {
  const open = ask();
  expect(open.open(make(open))).toBeNull();
});

it("finds every changed byte", () => {
  const open = ask();
  const sealed = seal(open, "routes");
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(open.open(changed)).toBeNull();
  }
});

it("takes no key that is not a point of the curve", () => {
  const zeros = `${"A".repeat(43)}.${"A".repeat(43)}`;
  expect(createQuestion(ABOUT, zeros)).toBeNull();
  expect(sealAnswer(agent.privateKey, { ...ask().question, key: zeros }, "x")).toBeNull();
});
