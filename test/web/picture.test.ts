import { describe, expect, it } from "vitest";
import { ANNOUNCEMENTS_MAX, listChanges } from "../../web/model/announce.ts";
import { countStates, filterMonitors, NO_FILTER, needsAttention } from "../../web/model/filter-monitors.ts";
import { summariseInstance } from "../../web/model/instance-summary.ts";
import { isUnwritten } from "../../web/model/state-look.ts";
import { layOutTimeLine, measureSteps } from "../../web/model/time-line.ts";
import { parseHash, renderHash } from "../../web/routing/hash-route.ts";
import {
  makeCrashed,
  makeDataCentre,
  makeMonitor,
  makeNightView,
  makeSwitchEvent,
  makeView,
} from "./fixture-views.ts";

describe("the head of the page", () => {
  it("tells sites that lost an agent, lost all, have an ill one, or have none", () => {
    const view = makeNightView();
    const [first, second, third] = view.agents.filter(({ name }) => name !== "agent-dc1-b");
    if (first === undefined || second === undefined || third === undefined) throw new Error("no agents");
    const health = (agents: typeof view.agents) =>
      summariseInstance({ ...view, agents }).sites.map((site) => site.health);
    expect(health(view.agents)).toEqual(["partly", "good", "good"]);
    expect(
      health([
        { ...first, connected: false },
        { ...second, illness: "late" },
      ]),
    ).toEqual(["lost", "partly", "none"]);
  });
});

describe("the list of monitors", () => {
  const view = makeNightView();

  it("filters by part of the name, state and kind without changing the order", () => {
    const names = (change: object) =>
      filterMonitors(view.monitors, { ...NO_FILTER, ...change }).map(({ name }) => name);
    expect(names({})).toEqual(["orders-postgresql", "stock-mysql", "sessions-redis", "shop-api"]);
    expect(names({ text: " S" })).toEqual(["orders-postgresql", "stock-mysql", "sessions-redis", "shop-api"]);
    expect(names({ text: "REDIS" })).toEqual(["sessions-redis"]);
    expect(names({ state: "normal" })).toEqual(["stock-mysql", "sessions-redis"]);
    expect(names({ state: "normal", kind: "redis" })).toEqual(["sessions-redis"]);
  });

  it("counts states, and what needs a person's eye: trouble, marks, running switches", () => {
    expect([...countStates(view.monitors)]).toEqual([
      ["abnormal", 1],
      ["normal", 2],
      ["init-failed", 1],
    ]);
    expect(view.monitors.filter(needsAttention).map(({ name }) => name)).toEqual([
      "orders-postgresql",
      "stock-mysql",
      "shop-api",
    ]);
    expect(needsAttention(makeMonitor("calm", { state: "paused" }))).toBe(false);
    expect(needsAttention(makeMonitor("odd", { marks: ["one-observer-only"] }))).toBe(true);
  });
});

describe("a switch that is under way", () => {
  const run = { to: "dc2", epoch: 6, step: "write-route", sinceMs: 10, kind: "operator" };
  const at = (epoch: number, step: string) =>
    isUnwritten(makeMonitor("orders", { epoch, switching: { ...run, step } }));

  it("shows its new side as not written until a store has it", () => {
    expect([at(6, "write-route"), at(6, "verify"), at(5, "precheck")]).toEqual([true, false, false]);
    expect(isUnwritten(makeMonitor("orders"))).toBe(false);
  });
});

describe("what is read aloud", () => {
  const before = makeView([makeMonitor("orders")]);
  const changed = (change: object) => makeView([makeMonitor("orders", change)]);

  it("is silent while nothing of weight changes", () => {
    const dataCentres = [makeDataCentre("dc1", { latencyMs: 9 }), makeDataCentre("dc2")];
    expect(listChanges(before, changed({ dataCentres }))).toEqual([]);
  });

  it("tells a new active side, a new state of a data centre, a beginning switch", () => {
    const switching = { to: "dc2", epoch: 13, step: "verify", sinceMs: 1, kind: "operator" };
    const dataCentres = [makeCrashed("dc1"), makeDataCentre("dc2")];
    const changes = listChanges(before, changed({ dataCentres, switching, active: "dc2", epoch: 13 }));
    expect(changes.map(({ message, state }) => [message.id, message.values?.dc, state?.id])).toEqual([
      ["announce.active", "dc2", undefined],
      ["announce.state", "dc1", "state.abnormal"],
      ["announce.switching", "dc2", undefined],
    ]);
  });

  it("sums up when everything changes at once", () => {
    const names = Array.from({ length: 9 }, (_, index) => `m-${index}`);
    const many = (active: string) => makeView(names.map((name) => makeMonitor(name, { active })));
    const changes = listChanges(many("dc1"), many("dc2"));
    expect(changes).toHaveLength(ANNOUNCEMENTS_MAX);
    expect(changes.at(-1)?.message).toEqual({ id: "announce.more", values: { more: 6 } });
  });
});

describe("the time line", () => {
  it("runs from the first mark, in order, with the time between", () => {
    const marks = makeSwitchEvent(makeMonitor("orders")).timeLine;
    const rows = layOutTimeLine([...marks].reverse());
    expect(rows.map(({ offsetMs }) => offsetMs)).toEqual([0, 3, 1004, 1004, 1004, 1007, 1007, 1011, 1011]);
    expect(rows.map(({ gapMs }) => gapMs)).toEqual([0, 3, 1001, 0, 0, 3, 0, 4, 0]);
    expect([rows[0]?.place, rows.at(-1)?.place]).toEqual([0, 1]);
  });

  it("of one mark, or none, has no length", () => {
    const marks = makeSwitchEvent(makeMonitor("orders")).timeLine.slice(0, 1);
    expect(layOutTimeLine(marks).map(({ offsetMs, place }) => [offsetMs, place])).toEqual([[0, 0]]);
    expect(layOutTimeLine([])).toEqual([]);
  });
});

describe("the steps of a switch", () => {
  const { timeLine } = makeSwitchEvent(makeMonitor("orders"));
  const steps = (marks: typeof timeLine) => measureSteps(marks).map(({ step, tookMs }) => [step, tookMs]);
  const followed = (offset: number) => ({
    ...{ mark: "process-followed" as const, who: "shop", words: "" },
    atMs: (timeLine[0]?.atMs ?? 0) + offset,
  });

  it("add up to the recovery time", () => {
    expect(steps(timeLine)).toEqual([
      ["noticed", 1004],
      ["decided", 3],
      ["written", 4],
    ]);
    const longer = [...timeLine, followed(1040), followed(1020)].reverse();
    expect(steps(longer).at(-1)).toEqual(["followed", 29]);
    expect(steps(longer).reduce((sum, [, took]) => sum + Number(took), 0)).toBe(1040);
  });

  it("of a person's switch begin with the decision, and what was not written has none", () => {
    const person = timeLine.filter(({ mark }) => ["decided", "route-written", "finished"].includes(mark));
    expect(steps(person)).toEqual([["written", 4]]);
    expect(steps(timeLine.filter(({ mark }) => mark !== "route-written"))).toEqual([]);
  });
});

describe("addresses", () => {
  it.each([
    { page: "home" },
    { page: "instance", instanceId: "ins_1", monitorId: null },
    { page: "instance", instanceId: "ins_1", monitorId: "mon_ü/1" },
    { page: "event", instanceId: "ins_1", eventId: "evt 1" },
  ] as const)("of %j lead back to it", (route) => expect(parseHash(renderHash(route))).toEqual(route));

  it("carry one-time codes in, and nothing strange breaks them", () => {
    expect(parseHash("#/login?code=a%2Bb")).toEqual({ page: "login", code: "a+b" });
    expect(parseHash("#/setup?token=t-1")).toEqual({ page: "set-up", token: "t-1" });
    expect(parseHash("#/instances/%E0%A4%A")).toEqual({
      page: "instance",
      instanceId: "%E0%A4%A",
      monitorId: null,
    });
    expect(parseHash("#/nonsense/1/2")).toEqual({ page: "home" });
    expect(parseHash("")).toEqual({ page: "home" });
  });
});
