import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { applyFault } from "../../lab/faults/site-faults.ts";
import { startTestLab, type TestLab, until, untilHealthy } from "./with-lab.ts";

let test: TestLab;

beforeAll(async () => {
  test = await startTestLab(4600, ["redis"], { arbitration: { siteSwitch: true, siteTimeoutMs: 4000 } });
});
afterAll(() => test?.end());

const Status = z.object({ links: z.array(z.object({ agentId: z.string(), state: z.string() })) });

/** The states of an agent's links as it tells them itself, by the name of the peer. */
async function readLinks(site: string): Promise<Record<string, string>> {
  const { agents } = await test.lab.view();
  const names = new Map(agents.map(({ id, name }) => [id, name]));
  const agent = test.lab.agents.find((one) => one.site === site);
  const { links } = Status.parse(await (await fetch(`${agent?.statusUrl}/healthz`)).json());
  return Object.fromEntries(links.map(({ agentId, state }) => [names.get(agentId) ?? agentId, state]));
}

async function untilLinks(site: string, wanted: Record<string, string>): Promise<void> {
  const text = (links: Record<string, string>) => JSON.stringify(Object.entries(links).sort());
  await until(
    `links of ${site}`,
    () => readLinks(site),
    (links) => text(links) === text(wanted),
  );
}

async function untilSite(name: string, state: string) {
  const { site } = await until(
    `site ${name} ${state}`,
    async () => {
      const { sites, agents, monitors } = await test.lab.view();
      // The rest is told if it does not come about: who saw what decides.
      const votes = monitors.map(({ dataCentres }) => dataCentres.map((one) => one.votes));
      return { site: sites.find((one) => one.name === name), votes, ill: agents.map((one) => one.illness) };
    },
    (seen) => seen.site?.state === state,
  );
  return site;
}

describe("the links between agents", () => {
  it("are up between all sites, known to the control plane or not", async () => {
    await untilLinks("dc1", { "agent-dc2": "up", "agent-witness": "up" });
    await untilLinks("dc2", { "agent-dc1": "up", "agent-witness": "up" });
    await untilLinks("witness", { "agent-dc1": "up", "agent-dc2": "up" });
  });

  it("come back after a restart of an agent while there is no control plane: it kept the list of its peers", async () => {
    const { lab } = test;
    const witness = lab.agents.find((one) => one.site === "witness");
    await lab.controlPlane.kill();
    await witness?.process.kill();
    await witness?.process.revive();
    const states = async () => {
      const answer = await fetch(`${witness?.statusUrl}/healthz`);
      return Status.parse(await answer.json()).links.map(({ state }) => state);
    };
    await until("links of the witness", states, (seen) => seen.join() === "up,up");
    expect(await lab.controlPlane.revive()).toEqual({ ok: true });
    await untilHealthy(lab);
  });

  it("are cut on both other sites while an agent stands still, and nothing moves", async () => {
    const { lab } = test;
    const before = (await lab.view()).monitors.map(({ active, epoch }) => ({ active, epoch }));
    await applyFault(lab, "stop", "agent-dc1");
    await untilLinks("dc2", { "agent-dc1": "cut", "agent-witness": "up" });
    await untilLinks("witness", { "agent-dc1": "cut", "agent-dc2": "up" });
    await applyFault(lab, "revive", "agent-dc1");
    await untilLinks("dc2", { "agent-dc1": "up", "agent-witness": "up" });
    await untilLinks("witness", { "agent-dc1": "up", "agent-dc2": "up" });
    await untilHealthy(lab);
    const after = (await lab.view()).monitors.map(({ active, epoch }) => ({ active, epoch }));
    expect(after).toEqual(before);
  });
});

describe("a site that is lost as a whole", () => {
  it("[SAFE-3] is called lost, because nobody else reaches anything in it, and returns", async () => {
    const { lab } = test;
    await untilLinks("dc2", { "agent-dc1": "up", "agent-witness": "up" });
    await untilLinks("witness", { "agent-dc1": "up", "agent-dc2": "up" });
    await applyFault(lab, "kill", "dc1");
    const lost = await untilSite("dc1", "lost");
    expect(lost?.because.id).toBe("SITE-13");
    await until(
      "the move to dc2",
      () => lab.view(),
      (view) => view.monitors.every(({ active, switching }) => active === "dc2" && switching === null),
    );
    await applyFault(lab, "revive", "dc1");
    await untilSite("dc1", "connected");
    const { events } = await lab.view();
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["site-lost", "site-returned"]));
  });
});
