import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ApiRefusal } from "../../lab/arrange/api-client.ts";
import { goHome } from "../../lab/drill/go-home.ts";
import { LAB_ENGINES } from "../../lab/engines/lab-engines.ts";
import { applyFault } from "../../lab/faults/site-faults.ts";
import { switchMonitor } from "../../lab/faults/switch-monitor.ts";
import { expectServedBy, readMonitor, startTestLab, type TestLab, until, untilHealthy } from "./with-lab.ts";

let test: TestLab;

beforeAll(async () => {
  test = await startTestLab(4200, LAB_ENGINES, { http: true });
});
afterAll(() => test?.end());
beforeEach(async () => {
  await untilHealthy(test.lab);
  for (const engine of LAB_ENGINES) await goHome(test.lab, test.lab.monitors[engine] ?? "");
});

describe("an application survives", () => {
  it.each(LAB_ENGINES)("the death of its %s in dc1", async (engine) => {
    await applyFault(test.lab, "kill", `${engine}-dc1`);
    await expectServedBy(test, engine, "dc2");
    expect(await readMonitor(test.lab, engine)).toMatchObject({ armed: false });
    expect(await applyFault(test.lab, "revive", `${engine}-dc1`)).toBeNull();
  });

  it("a death, and its time line goes on to the process that followed", async () => {
    const [engine] = LAB_ENGINES;
    await until(
      "the shop in the list",
      () => readMonitor(test.lab, engine),
      ({ processes }) => processes?.total === 1 && processes.following === 1,
    );
    await applyFault(test.lab, "kill", `${engine}-dc1`);
    await expectServedBy(test, engine, "dc2");
    const { epoch } = await readMonitor(test.lab, engine);
    const { events } = await until(
      "the end of the switch's time line",
      () => test.lab.view(),
      (view) => view.events.some((event) => event.type === "switch-followed" && event.epoch === epoch),
    );
    const find = (type: string) => events.find((event) => event.type === type && event.epoch === epoch);
    const [finished, followed] = [find("switch-finished"), find("switch-followed")];
    expect(followed?.timeLine.map(({ mark }) => mark)).toEqual(
      expect.arrayContaining(["first-failed-probe", "decided", "route-written", "process-followed"]),
    );
    expect(followed?.rtoMs).toBeGreaterThanOrEqual(finished?.rtoMs ?? Number.POSITIVE_INFINITY);
    expect(await applyFault(test.lab, "revive", `${engine}-dc1`)).toBeNull();
  });

  it.each(LAB_ENGINES)("the hang of its %s in dc1, and no call stays hanging", async (engine) => {
    await applyFault(test.lab, "stop", `${engine}-dc1`);
    await expectServedBy(test, engine, "dc2");
    await applyFault(test.lab, "revive", `${engine}-dc1`);
  });

  it("the loss of the whole site dc1, etcd member and agent included", async () => {
    await applyFault(test.lab, "kill", "dc1");
    for (const engine of LAB_ENGINES) await expectServedBy(test, engine, "dc2");
    await applyFault(test.lab, "revive", "dc1");
  });

  it("the death of its database while the control plane is being killed and restarted", async () => {
    const { lab } = test;
    await applyFault(lab, "kill", "redis-dc1");
    await lab.controlPlane.kill();
    expect(await lab.controlPlane.revive()).toEqual({ ok: true });
    await expectServedBy(test, "redis", "dc2");
    await applyFault(lab, "revive", "redis-dc1");
  });

  it("a control plane that is killed at any moment of a switch", async () => {
    const { lab } = test;
    for (const afterMs of [0, 2, 5, 10, 20]) {
      const home = await readMonitor(lab, "redis");
      const to = home.active === "dc1" ? "dc2" : "dc1";
      const asked = switchMonitor(lab, home, to, "killed in the middle").catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await lab.controlPlane.kill();
      await asked;
      expect(await lab.controlPlane.revive()).toEqual({ ok: true });
      await untilHealthy(lab);
      const after = await until(
        "the end of the switch",
        () => readMonitor(lab, "redis"),
        (monitor) => monitor.switching === null,
      );
      expect(after.epoch).toBeGreaterThanOrEqual(home.epoch);
      await expectServedBy(test, "redis", after.active);
    }
  });
});

describe("an agent that is killed", () => {
  it("at any moment of a switch, between writing and acknowledging too, loses nothing", async () => {
    const { lab } = test;
    for (const afterMs of [0, 3, 6, 12]) {
      const home = await readMonitor(lab, "redis");
      const to = home.active === "dc1" ? "dc2" : "dc1";
      const asked = switchMonitor(lab, home, to, "agents are killed in the middle").catch(
        (error: unknown) => error,
      );
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await Promise.all(lab.agents.map((agent) => agent.process.kill()));
      await Promise.all(lab.agents.map((agent) => agent.process.revive()));
      await asked;
      await untilHealthy(lab);
      const after = await until(
        "the end of the switch",
        () => readMonitor(lab, "redis"),
        (monitor) => monitor.switching === null,
      );
      // The decision may have come before the agents died or not at all, but never half.
      expect([home.epoch, home.epoch + 1]).toContain(after.epoch);
      expect(after.active).toBe(after.epoch === home.epoch ? home.active : to);
      await expectServedBy(test, "redis", after.active);
    }
  });
});

describe("an operator", () => {
  it("switches to dc2 and back, against the epoch that was seen", async () => {
    const { lab } = test;
    const home = await readMonitor(lab, "postgresql");
    const there = await switchMonitor(lab, home, "dc2", null);
    expect(there).toMatchObject({ status: "done", active: "dc2", epoch: home.epoch + 1 });
    await expectServedBy(test, "postgresql", "dc2");
    const stale = await switchMonitor(lab, home, "dc2", null).catch((error: unknown) => error);
    expect(stale).toBeInstanceOf(ApiRefusal);
    expect(stale).toMatchObject({ status: 409, code: "state-changed" });
    const away = await readMonitor(lab, "postgresql");
    const early = await switchMonitor(lab, away, "dc1", null).catch((error: unknown) => error);
    // A minute of unbroken health has passed or has not, depending on what ran before: both answers are right.
    if (early instanceof ApiRefusal) expect(early.code).toBe("switch-blocked");
    const now = await readMonitor(lab, "postgresql");
    if (now.active !== "dc1") await switchMonitor(lab, now, "dc1", "the test goes on");
    await expectServedBy(test, "postgresql", "dc1");
  });

  it("is told why a switch to a dead side is refused", async () => {
    const { lab } = test;
    await applyFault(lab, "kill", "mysql-dc2");
    const home = await until(
      "the loss to be seen",
      () => readMonitor(lab, "mysql"),
      (monitor) => monitor.dataCentres[1]?.state === "abnormal",
    );
    const refused = await switchMonitor(lab, home, "dc2", null).catch((error: unknown) => error);
    expect(refused).toMatchObject({ status: 409, code: "switch-blocked" });
    await applyFault(lab, "revive", "mysql-dc2");
    expect(String(refused)).toContain("connection refused");
    await untilHealthy(lab);
  });

  it("cannot switch an API monitor, which is detected and reported only", async () => {
    const { lab } = test;
    const api = await readMonitor(lab, "api");
    const path = `/instances/${lab.arrangement.instanceId}/monitors/${api.id}/switch`;
    const body = { to: "dc2", expectedEpoch: 1, idempotencyKey: randomUUID() };
    const { CommandResult } = await import("@evenkeel/contracts/command");
    const refused = await lab.api.send("POST", path, body, CommandResult).catch((error: unknown) => error);
    expect(refused).toMatchObject({ status: 409, code: "not-switchable" });
    await applyFault(lab, "kill", "http-dc1");
    await until(
      "the detection",
      () => readMonitor(lab, "api"),
      (monitor) => monitor.dataCentres[0]?.state === "abnormal",
    );
    await applyFault(lab, "revive", "http-dc1");
  });
});
