import { Role } from "@evenkeel/contracts/api";
import type { CommandResult } from "@evenkeel/contracts/command";
import { CommandResult as ResultSchema } from "@evenkeel/contracts/command";
import { AppError, renderProblem } from "@evenkeel/contracts/errors";
import type { LiveMonitor } from "@evenkeel/contracts/live";
import { because } from "@evenkeel/contracts/sentences";
import { describe, expect, it } from "vitest";
import { readAnswer } from "../../web/api/request.ts";
import { mayConfigure, mayOperate, readSession } from "../../web/api/session.ts";
import { checkSwitch } from "../../web/model/check-switch.ts";
import { compareSight, isAdvised, offerCommands, takeSight } from "../../web/model/offer-commands.ts";
import { readOutcome, settleOutcome } from "../../web/model/outcome.ts";
import { mayDo } from "../../workers/auth/roles.ts";
import { makeAgent, makeCrashed, makeDataCentre, makeMonitor, makeView } from "./fixture-views.ts";

const home = makeMonitor("orders");
const away = makeMonitor("orders", { active: "dc2", armed: false, epoch: 13 });
const three = makeMonitor("orders", {
  active: "dc2",
  dataCentres: [makeDataCentre("dc1"), makeDataCentre("dc2"), makeDataCentre("dc3")],
});

describe("what is offered", () => {
  it("from home: a switch to each other data centre; away: the way back first", () => {
    expect(offerCommands(home, true, true).switches).toEqual([{ type: "switch", to: "dc2" }]);
    expect(offerCommands(three, true, true).switches).toEqual([
      { type: "switch-back", to: "dc1" },
      { type: "switch", to: "dc3" },
    ]);
  });

  it("arming only where the control plane would take it: at home, automatic, not armed", () => {
    const arm = (change: Partial<LiveMonitor>) =>
      offerCommands(makeMonitor("orders", change), true, true).arm;
    expect(arm({ armed: false })).toBe(true);
    expect([arm({}), arm({ armed: false, active: "dc2" }), arm({ armed: false, automatic: false })]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("nothing without the role, without a line, while a switch runs, or for a kind that never switches", () => {
    const switching = { to: "dc2", epoch: 13, step: "verify", sinceMs: 4, kind: "operator" };
    expect(offerCommands(home, true, true).blocked).toBeNull();
    expect(offerCommands(home, false, true).blocked).toBe("offer.role");
    expect(offerCommands(home, true, false).blocked).toBe("offer.stale");
    expect(offerCommands(makeMonitor("o", { switching }), true, true).blocked).toBe("offer.switching");
    const api = offerCommands(makeMonitor("o", { switchable: false }), true, true);
    expect([api.blocked, api.switches, api.arm]).toEqual(["offer.not-switchable", [], false]);
  });

  it("the role that may operate or configure here may do so in the control plane", () => {
    for (const role of Role.options) expect(mayOperate(role), role).toBe(mayDo(role, "operate"));
    expect(mayOperate(null)).toBe(true);
    for (const role of Role.options) expect(mayConfigure(role), role).toBe(mayDo(role, "configure"));
    expect(mayConfigure(null)).toBe(true);
  });

  it("a switch is advised only to a side that works, away from one that fails or home", () => {
    const [back] = offerCommands(away, true, true).switches;
    const [there] = offerCommands(home, true, true).switches;
    const failing = makeMonitor("orders", { dataCentres: [makeCrashed("dc1"), makeDataCentre("dc2")] });
    const broken = makeMonitor("orders", {
      active: "dc2",
      dataCentres: [makeCrashed("dc1"), makeDataCentre("dc2")],
    });
    if (back === undefined || there === undefined) throw new Error("no offer");
    expect([isAdvised(away, back), isAdvised(home, there)]).toEqual([true, false]);
    expect([isAdvised(failing, there), isAdvised(broken, back)]).toEqual([true, false]);
  });
});

describe("what a person saw", () => {
  it("holds until the epoch or the active side changes, or the monitor is gone", () => {
    const sight = takeSight(home);
    expect(sight).toEqual({ monitorId: home.id, active: "dc1", epoch: 12 });
    expect(compareSight(sight, makeView([home]))).toBe("same");
    expect(compareSight(sight, makeView([{ ...home, state: "abnormal" }]))).toBe("same");
    expect(compareSight(sight, makeView([{ ...home, epoch: 13 }]))).toBe("changed");
    expect(compareSight(sight, makeView([{ ...home, active: "dc2" }]))).toBe("changed");
    expect(compareSight(sight, makeView([]))).toBe("changed");
  });
});

describe("what a switch would meet", () => {
  const ids = (...args: Parameters<typeof checkSwitch>) =>
    checkSwitch(...args).map(({ level, message }) => `${level} ${message.id}`);

  it("leaving a healthy side warns", () => {
    expect(ids(makeView([home]), home, "dc2")).toEqual([
      "warns check.active-healthy",
      "fine check.target-normal",
    ]);
  });

  it("away from a crashed side to a healthy one is fine", () => {
    const crashed = makeMonitor("orders", { dataCentres: [makeCrashed("dc1"), makeDataCentre("dc2")] });
    expect(ids(makeView([crashed]), crashed, "dc2")).toEqual([
      "fine check.target-normal",
      "fine check.active-ill",
    ]);
  });

  it("a target that is not healthy, or that no agent of its site sees, would be refused", () => {
    const bad = makeMonitor("orders", { dataCentres: [makeDataCentre("dc1"), makeCrashed("dc2")] });
    const agents = [makeAgent("a", "sit_dc100001")];
    expect(ids(makeView([bad], { agents }), bad, "dc2")).toEqual([
      "refuses check.no-target-agent",
      "refuses check.target-state",
      "warns check.active-healthy",
    ]);
  });

  it("a switch back before the home is proven would be refused, after it not", () => {
    const fresh = (healthyForMs: number) =>
      makeMonitor("orders", {
        active: "dc2",
        dataCentres: [makeDataCentre("dc1", { healthyForMs }), makeDataCentre("dc2")],
      });
    const first = (monitor: LiveMonitor) => ids(makeView([monitor]), monitor, "dc1")[0];
    expect(first(fresh(59_999))).toBe("refuses check.home-not-proven");
    expect(first(fresh(60_000))).toBe("warns check.active-healthy");
  });

  it("split brain, no agent and no store are said first", () => {
    const fork = makeMonitor("orders", { marks: ["split-brain-suspected"] });
    expect(ids(makeView([fork]), fork, "dc2")[0]).toBe("refuses check.split-brain");
    expect(ids(makeView([home], { agents: [] }), home, "dc2")[0]).toBe("refuses check.no-agent");
    const stores = [{ id: "etcd", name: "etcd", reachable: false, words: "refused" }];
    expect(ids(makeView([home], { stores }), home, "dc2")[0]).toBe("refuses check.no-store");
    const one = [...stores, { id: "other", name: "other", reachable: true, words: "" }];
    expect(ids(makeView([home], { stores: one }), home, "dc2")[0]).toBe("warns check.stores-owed");
  });
});

describe("what came of a command", () => {
  const result: CommandResult = {
    monitorId: home.id,
    status: "running",
    epoch: 13,
    decision: "dec_13",
    active: "dc2",
    because: because("switch-running", { to: "dc2" }),
  };
  const answer = (error: AppError) => {
    const problem = renderProblem(error);
    return readOutcome(readAnswer(problem.status, JSON.stringify(problem), ResultSchema));
  };

  it("a refusal carries the control plane's sentence and the present epoch", () => {
    const why = because("epoch-stale", { expected: 12, epoch: 13 });
    expect(answer(new AppError("state-changed", why.text, { because: why, epoch: 13 }))).toEqual({
      type: "refused",
      code: "state-changed",
      because: why,
      detail: why.text,
      epoch: 13,
    });
  });

  it("a refusal without a sentence keeps its detail", () => {
    expect(answer(new AppError("forbidden", "Only an operator may"))).toMatchObject({
      type: "refused",
      because: null,
      detail: "Only an operator may",
    });
  });

  it.each([
    ["no answer", { ok: false, failure: { reason: "no-answer" } }],
    ["an answer in another form", { ok: false, failure: { reason: "unreadable", status: 200 } }],
  ] as const)("%s: nobody knows whether it was carried out", (_, given) =>
    expect(readOutcome(given)).toEqual({ type: "unknown" }),
  );

  it("a fault of the system says nothing about how far the command came", () => {
    expect(answer(new AppError("internal", "failed"))).toEqual({ type: "unknown" });
  });

  it("what was on its way is done once the picture shows its epoch at rest", () => {
    const outcome = { type: "accepted", result } as const;
    const run = { to: "dc2", epoch: 13, step: "verify", sinceMs: 1, kind: "operator" };
    const status = (monitor: LiveMonitor) => {
      const settled = settleOutcome(outcome, monitor);
      return settled.type === "accepted" ? settled.result.status : settled.type;
    };
    expect(status(home)).toBe("running");
    expect(status({ ...away, switching: run })).toBe("running");
    expect(status(away)).toBe("done");
  });
});

describe("answers of the API", () => {
  it("a page of a proxy while the control plane is away is no answer, not a strange one", () => {
    const read = (status: number, text: string) => readAnswer(status, text, ResultSchema);
    expect(read(502, "<html>")).toEqual({ ok: false, failure: { reason: "no-answer" } });
    expect(read(404, "<html>")).toEqual({ ok: false, failure: { reason: "unreadable", status: 404 } });
    expect(read(200, "<html>")).toEqual({ ok: false, failure: { reason: "unreadable", status: 200 } });
  });

  it("only a refused session is signed out; a dead catalogue leaves the person unknown", () => {
    const session = (error: AppError) => {
      const problem = renderProblem(error);
      return readSession({ ok: false, failure: { reason: "problem", problem } as never }).type;
    };
    expect(session(new AppError("unauthenticated", "x"))).toBe("signed-out");
    expect(session(new AppError("catalogue-unavailable", "x"))).toBe("unknown");
    expect(readSession({ ok: false, failure: { reason: "no-answer" } }).type).toBe("unknown");
  });
});
