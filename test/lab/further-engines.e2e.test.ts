import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goHome } from "../../lab/drill/go-home.ts";
import { FURTHER_ENGINES, type LabEngine, locateEngine } from "../../lab/engines/lab-engines.ts";
import { applyFault } from "../../lab/faults/site-faults.ts";
import { expectServedBy, readMonitor, startTestLab, type TestLab, untilHealthy } from "../e2e/with-lab.ts";

const OFFSET = 6800;

let test: TestLab | null = null;
const missing = new Map<LabEngine, string>();

beforeAll(async () => {
  for (const engine of FURTHER_ENGINES) {
    const found = await locateEngine(engine, () => undefined, false);
    if (typeof found !== "function") missing.set(engine, found.missing);
  }
  const there = FURTHER_ENGINES.filter((engine) => !missing.has(engine));
  if (there.length > 0) test = await startTestLab(OFFSET, there);
});
afterAll(() => test?.end());

describe.each(FURTHER_ENGINES)("an application survives, with %s on request,", (engine) => {
  const over = (name: string, run: (lab: TestLab) => Promise<void>) =>
    it(name, async (context) => {
      if (test === null || missing.has(engine)) return context.skip(missing.get(engine) ?? "");
      await untilHealthy(test.lab);
      await goHome(test.lab, test.lab.monitors[engine] ?? "");
      await run(test);
    });

  over("its death in dc1", async (lab) => {
    await applyFault(lab.lab, "kill", `${engine}-dc1`);
    await expectServedBy(lab, engine, "dc2");
    expect(await readMonitor(lab.lab, engine)).toMatchObject({ armed: false });
    expect(await applyFault(lab.lab, "revive", `${engine}-dc1`)).toBeNull();
  });

  over("its hang in dc1", async (lab) => {
    await applyFault(lab.lab, "stop", `${engine}-dc1`);
    await expectServedBy(lab, engine, "dc2");
    await applyFault(lab.lab, "revive", `${engine}-dc1`);
  });
});
