import type { Route } from "@evenkeel/contracts/route";
import fc from "fast-check";
import { expect, test } from "vitest";
import { acceptRoute } from "../../sdk/route/accept-route.ts";
import { makeRoute } from "./make-route.ts";

test("[SAFE-1] the first route is followed, a higher epoch too, a lower one never", () => {
  expect(acceptRoute(null, makeRoute(1))).toBe("follow");
  expect(acceptRoute(makeRoute(4), makeRoute(5))).toBe("follow");
  expect(acceptRoute(makeRoute(4), makeRoute(3))).toBe("older");
});

test("[SAFE-1] the same epoch with the same decision is no news, with another one a fork", () => {
  expect(acceptRoute(makeRoute(4), makeRoute(4))).toBe("same");
  expect(acceptRoute(makeRoute(4), makeRoute(4, "dec-other"))).toBe("fork");
});

test("[SAFE-1] after a fork the next epoch is followed from either branch", () => {
  const chosen = makeRoute(5, "dec-5", { after: "dec-branch-a" });
  expect(acceptRoute(makeRoute(4, "dec-branch-b"), chosen)).toBe("follow");
});

test("[SAFE-1] whatever order routes come in, the epoch that is followed never goes back", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 })), (epochs) => {
      let current: Route | null = null;
      for (const epoch of epochs) {
        const before: number = current === null ? 0 : (current as Route).epoch;
        const incoming = makeRoute(epoch);
        if (acceptRoute(current, incoming) === "follow") current = incoming;
        expect((current as Route).epoch).toBe(Math.max(before, epoch));
      }
    }),
  );
});
