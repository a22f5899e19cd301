import { expect, it } from "vitest";
import { isApplicable } from "./find-mutant.ts";
import { MUTANTS } from "./mutants.ts";
import { renderFailure } from "./render-history.ts";
import { runHistory } from "./run-history.ts";
import { begin } from "./scenario.ts";

const HISTORIES = 300;
/** Two busy cores shared with other tests are no reason to fail. */
const TIMEOUT_MS = 120_000;

it(
  `[SAFE-1 SAFE-3 SAFE-4 SAFE-6 SAFE-7 SAFE-8 SAFE-9] hold over ${HISTORIES} seeded histories of everything`,
  async () => {
    let automatic = 0;
    for (let seed = 1; seed <= HISTORIES; seed += 1) {
      const history = await runHistory(seed);
      expect(history.violations, renderFailure(history)).toEqual([]);
      automatic += history.automatic;
    }
    // Histories in which nothing moves would prove nothing.
    expect(automatic).toBeGreaterThan(HISTORIES / 4);
  },
  TIMEOUT_MS,
);

it("the same seed makes the same history", async () => {
  const first = await runHistory(7);
  expect(await runHistory(7)).toEqual(first);
});

it("every mutant's text occurs exactly once", () => {
  expect(MUTANTS.filter((mutant) => !isApplicable(mutant)).map((mutant) => mutant.id)).toEqual([]);
  expect(MUTANTS.length).toBeGreaterThanOrEqual(25);
});

it("an installation that starts well, and agents that are restarted, page nobody", async () => {
  const world = await begin({ monitors: 3, stores: "per-site", links: true });
  for (const agent of world.agents) {
    agent.kill();
    agent.start();
    await world.run(1000);
  }
  const raised = world.instance.events().filter(({ level }) => level !== "info");
  // A process that ended was gone for a moment.
  expect(raised.map(({ because }) => because.text).sort()).toEqual(
    world.agents.map(({ id, site }) => `Agent ${id} of site ${site} is gone`).sort(),
  );
});
