import { MonitorView } from "@evenkeel/contracts/api";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { wallMs } from "../../lab/shop/shop-clock.ts";
import {
  failuresSince,
  readMonitor,
  startTestLab,
  successesSince,
  type TestLab,
  until,
  untilHealthy,
  watchFor,
} from "./with-lab.ts";

/** Longer than a switch would take: the monitor timeout, twice, and the confirmation. */
const LONG_ENOUGH_MS = 3000;
const ENGINE = "redis";

let test: TestLab;

beforeAll(async () => {
  test = await startTestLab(4000, [ENGINE]);
});
afterAll(() => test?.end());
beforeEach(async () => {
  await untilHealthy(test.lab);
});

/** Runs what must not move anything, and checks that nothing moved and that the shop did not notice. */
async function expectNothing(act: () => Promise<void>): Promise<void> {
  const before = await readMonitor(test.lab, ENGINE);
  const sinceMs = wallMs();
  await act();
  await watchFor(LONG_ENOUGH_MS);
  await untilHealthy(test.lab);
  const after = await readMonitor(test.lab, ENGINE);
  expect(after).toMatchObject({ epoch: before.epoch, active: before.active, switching: null });
  expect(failuresSince(test.shopEvents, ENGINE, sinceMs)).toEqual([]);
  expect(successesSince(test.shopEvents, ENGINE, sinceMs)).toBeGreaterThan(LONG_ENOUGH_MS / 100);
}

async function killAndRevive(name: string, downMs = 0): Promise<void> {
  const process = test.lab.supervisor.processes().find((one) => one.spec.name === name);
  if (process === undefined) throw new Error(`there is no ${name}`);
  await process.kill();
  await watchFor(downMs);
  const revived = await process.revive();
  expect(revived).toEqual({ ok: true });
}

describe("nothing moves, and the shop does not notice, when", () => {
  it("[SAFE-2] all agents of dc1 are restarted at once", async () => {
    await expectNothing(() => killAndRevive("agent-dc1"));
  });

  it("every agent is killed and comes back later", async () => {
    await expectNothing(async () => {
      await Promise.all(["dc1", "dc2", "witness"].map((site) => killAndRevive(`agent-${site}`, 1500)));
    });
  });

  it("the control plane is down for much longer than a switch takes", async () => {
    await expectNothing(() => killAndRevive("control-plane", 4000));
  });

  it("the control plane is killed three times in a row", async () => {
    await expectNothing(async () => {
      for (let round = 0; round < 3; round += 1) await killAndRevive("control-plane");
    });
  });

  it("the leader of etcd is killed", async () => {
    await expectNothing(async () => {
      const leader = await until(
        "a leader",
        () => test.lab.etcd.leader(),
        (found) => found !== undefined,
      );
      await killAndRevive(`etcd-${leader}`, 500);
    });
  });

  it("the witness site is lost", async () => {
    await expectNothing(async () => {
      const processes = test.lab.supervisor.ofSite("witness");
      await Promise.all(processes.map((process) => process.kill()));
      await watchFor(2000);
      for (const process of processes) await process.revive();
    });
  });
});

describe("etcd without quorum", () => {
  it("[ARB-19] moves nothing although dc1 dies, the shop keeps its last route, and the switch follows when etcd is back", async () => {
    const { lab } = test;
    const before = await readMonitor(lab, ENGINE);
    const members = [lab.etcd.members.dc2.process, lab.etcd.members.witness.process];
    await Promise.all(members.map((member) => member.kill()));
    const store = await until(
      "the loss to be seen",
      () => lab.view(),
      (view) => view.stores.some((one) => !one.reachable),
    );
    expect(store.stores[0]?.words).not.toBe("");
    const sinceMs = wallMs();
    await watchFor(1000);
    expect(successesSince(test.shopEvents, ENGINE, sinceMs)).toBeGreaterThan(10);
    const home = lab.engines.get(ENGINE)?.dataCentres.dc1.process;
    await home?.kill();
    await watchFor(LONG_ENOUGH_MS);
    expect(await readMonitor(lab, ENGINE)).toMatchObject({ epoch: before.epoch, active: "dc1" });
    for (const member of members) expect(await member.revive()).toEqual({ ok: true });
    await until(
      "the switch",
      () => readMonitor(lab, ENGINE),
      (monitor) => monitor.active === "dc2",
    );
    await until(
      "orders on the new side",
      async () => successesSince(test.shopEvents, ENGINE, wallMs() - 1000),
      (count) => count > 10,
    );
    await home?.revive();
  });
});

describe("a typo [SAFE-9]", () => {
  it("in the port of the active data centre moves nothing, and mending it is all that is needed", async () => {
    const { lab } = test;
    const { instanceId } = lab.arrangement;
    const path = `/instances/${instanceId}/monitors/${lab.monitors[ENGINE]}`;
    const monitor = await lab.api.get(path, MonitorView);
    const before = await readMonitor(lab, ENGINE);
    const aim = (address: string | null) => ({
      dataCentres: monitor.dataCentres.map((dc) => ({
        name: dc.name,
        site: dc.siteId,
        priority: dc.priority,
        config: dc.name === before.active && address !== null ? { ...dc.config, address } : dc.config,
      })),
    });
    await lab.api.send("PATCH", path, aim("127.0.0.1:1"), MonitorView);
    const wrong = await until(
      "the typo to be shown",
      () => readMonitor(lab, ENGINE),
      (found) => found.dataCentres.some((dc) => dc.name === before.active && dc.state === "init-failed"),
    );
    expect(wrong.protection.targetLost.level).toBe("off");
    await watchFor(LONG_ENOUGH_MS);
    expect(await readMonitor(lab, ENGINE)).toMatchObject({ epoch: before.epoch, active: before.active });
    await lab.api.send("PATCH", path, aim(null), MonitorView);
    await untilHealthy(lab);
  });
});
