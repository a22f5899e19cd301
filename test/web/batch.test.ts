import type { BatchMemberResult } from "@evenkeel/contracts/command";
import type { LiveView } from "@evenkeel/contracts/live";
import { because } from "@evenkeel/contracts/sentences";
import { describe, expect, it } from "vitest";
import {
  listLeavableSites,
  planBatch,
  sortBlockedFirst,
  takeMembers,
  WHOLE_BATCH,
} from "../../web/model/batch.ts";
import { listMemberOutcomes, readBatchOutcome } from "../../web/model/batch-outcome.ts";
import { makeCrashed, makeDataCentre, makeMonitor, makeView } from "./fixture-views.ts";

const HERE = { siteId: "sit_dc100001", applicationId: null };
const orders = makeMonitor("orders");
const stock = makeMonitor("stock", { applicationId: "app_stock0001" });
const away = makeMonitor("away", { active: "dc2" });
const api = makeMonitor("api", { switchable: false });

describe("the monitors of a batch", () => {
  it("are those that are active in the site, can be switched, and belong to the application", () => {
    const view = makeView([orders, stock, away, api]);
    const ids = (change: object) =>
      takeMembers(view, { ...HERE, ...change }).map((one) => one.sight.monitorId);
    expect(ids({})).toEqual([orders.id, stock.id]);
    expect(ids({ applicationId: "app_stock0001" })).toEqual([stock.id]);
    expect(ids({ siteId: "sit_dc200001" })).toEqual([away.id]);
    expect(ids({ siteId: "sit_witness01" })).toEqual([]);
  });

  it("or all that are away from home, to bring them back there", () => {
    const third = makeMonitor("third", { active: "dc3", home: "dc2" });
    const members = takeMembers(makeView([orders, away, third]), { siteId: null, applicationId: null });
    expect(members.map(({ sight, targets }) => [sight.monitorId, targets])).toEqual([
      [away.id, ["dc1"]],
      [third.id, ["dc2"]],
    ]);
  });

  it("go to a healthy data centre of another site first, home before others", () => {
    const targets = (...dataCentres: ReturnType<typeof makeDataCentre>[]) => {
      const monitor = makeMonitor("orders", { active: "dc1", home: "dc3", dataCentres });
      return takeMembers(makeView([monitor]), HERE)[0]?.targets;
    };
    const [dc1, dc2, dc3] = ["dc1", "dc2", "dc3"].map((name) => makeDataCentre(name));
    if (dc1 === undefined || dc2 === undefined || dc3 === undefined) throw new Error("no data centres");
    expect(targets(dc1, dc2, dc3)).toEqual(["dc3", "dc2"]);
    expect(targets(dc1, dc2, makeCrashed("dc3"))).toEqual(["dc2", "dc3"]);
    // A second data centre of the site that is left is nowhere to go.
    expect(targets(dc1, { ...dc2, site: dc1.site })).toEqual([]);
  });

  it("can leave only sites in which something is active; sites in trouble come first", () => {
    const view = makeView([orders, away]);
    const ids = (sites: LiveView["sites"]) => listLeavableSites({ ...view, sites }).map(({ id }) => id);
    expect(ids(view.sites)).toEqual(["sit_dc100001", "sit_dc200001"]);
    const lost = view.sites.map((site) =>
      site.id === "sit_dc200001" ? { ...site, state: "lost" as const } : site,
    );
    expect(ids(lost)).toEqual(["sit_dc200001", "sit_dc100001"]);
  });
});

describe("the plan of a batch", () => {
  const ill = makeMonitor("ill", { dataCentres: [makeCrashed("dc1"), makeCrashed("dc2")] });
  const nowhere = makeMonitor("nowhere", { dataCentres: [makeDataCentre("dc1")] });
  const view = makeView([orders, stock, ill, nowhere]);
  const members = takeMembers(view, HERE);

  it("counts who leaves a healthy side, names who is blocked, leaves out who has nowhere to go", () => {
    const plan = planBatch(view, members, WHOLE_BATCH);
    expect(plan.picked.map(({ member }) => member.sight.monitorId)).toEqual([orders.id, stock.id, ill.id]);
    expect([plan.leavingHealthy, plan.blocked, plan.changed]).toEqual([2, ["ill"], false]);
    const without = planBatch(view, members, { ...WHOLE_BATCH, left: new Set([ill.id]) });
    expect([without.picked.length, without.blocked]).toEqual([2, []]);
  });

  it("begins with who is blocked", () => {
    const first = sortBlockedFirst(view, members).map(({ sight }) => sight.monitorId);
    expect(first).toEqual([ill.id, nowhere.id, orders.id, stock.id]);
  });

  it("is void once a picked monitor is not what the person saw; one that is left does not matter", () => {
    const now = makeView([{ ...orders, epoch: 13 }, stock]);
    expect(planBatch(now, members, WHOLE_BATCH).changed).toBe(true);
    const left = new Set([orders.id, ill.id, nowhere.id]);
    expect(planBatch(now, members, { ...WHOLE_BATCH, left }).changed).toBe(false);
  });

  it("says once what concerns all of them, and of each that it is being switched", () => {
    const switching = { to: "dc2", epoch: 13, step: "verify", sinceMs: 4, kind: "operator" };
    const busy = { ...orders, switching };
    const plan = planBatch(
      makeView([busy], { agents: [] }),
      takeMembers(view, HERE).slice(0, 1),
      WHOLE_BATCH,
    );
    expect(plan.reach.map(({ message }) => message.id)).toEqual(["check.no-agent"]);
    expect(plan.rows[0]?.checks[0]?.message.id).toBe("offer.switching");
    expect(plan.rows[0]?.checks.map(({ message }) => message.id)).not.toContain("check.no-agent");
  });
});

describe("what came of a batch", () => {
  const why = because("candidate-unheard", { to: "dc2" });
  const done = (status: "done" | "running"): BatchMemberResult => ({
    ok: true,
    result: { monitorId: orders.id, status, epoch: 13, decision: "dec_13", active: "dc2", because: why },
  });
  const refused: BatchMemberResult = {
    ok: false,
    refusal: { monitorId: stock.id, code: "switch-blocked", because: why, epoch: 12 },
  };

  it("is told monitor by monitor: what was refused is never called moved", () => {
    const fates = (view: LiveView, ...members: BatchMemberResult[]) =>
      listMemberOutcomes(members, view).map(({ name, fate }) => `${name} ${fate}`);
    expect(fates(makeView([orders, stock]), done("done"), refused)).toEqual(["orders moved", "stock stayed"]);
    // Even if the monitor came to its target in another way.
    const moved = { ...stock, active: "dc2", epoch: 13 };
    expect(fates(makeView([orders, moved]), refused)).toEqual(["stock stayed"]);
    expect(fates(makeView([]), refused)).toEqual([`${stock.id} stayed`]);
  });

  it("what was on its way is moved once the picture shows its epoch at rest", () => {
    const fate = (monitor: typeof orders) =>
      listMemberOutcomes([done("running")], makeView([monitor]))[0]?.fate;
    expect(fate(orders)).toBe("moving");
    expect(fate({ ...orders, active: "dc2", epoch: 13 })).toBe("moved");
  });

  it("without an answer, nobody knows", () => {
    expect(readBatchOutcome({ ok: false, failure: { reason: "no-answer" } })).toEqual({ type: "unknown" });
  });
});
