import { decideTurn } from "@evenkeel/durable-objects/instance/turn";
import { expect, it } from "vitest";
import { down, MONITOR, settle, startWorld, up } from "../core/arbitration/world.ts";

const AGENTS = ["a1", "a2"] as const;

/** The question is out, the last answer is not there yet, and its deadline passes: the answers that came decide. */
function startUndecided() {
  const world = startWorld();
  settle(world);
  world.now += 1000;
  for (const agent of [...AGENTS, "aw"]) world.report(agent, [down("dc1")]);
  for (const agent of AGENTS) world.answer(agent, [down("dc1", 1010), up("dc2")]);
  expect(world.monitor().route.epoch).toBe(1);
  world.now += 10_000;
  const heard = Object.fromEntries([...AGENTS, "aw"].map((id) => [id, world.now]));
  let drawn = 0;
  const entropy = () => {
    drawn += 1;
    return `turn${drawn}`;
  };
  const senses = { now: world.now, heard, holders: {} };
  const take = (outcome: Parameters<typeof world.written>[1]) => {
    const result = { monitorId: MONITOR, store: "main", epoch: 1, step: null, tookMs: 2 };
    const results = [{ ...result, outcome: outcome ?? { result: "stored", written: true } }];
    const event = { type: "written", agentId: "a1", frame: { type: "written", results } } as const;
    return decideTurn(world.state, event, world.now - 1, senses, entropy);
  };
  return { world, take };
}

const listSent = ({ effects }: ReturnType<typeof decideTurn>) =>
  effects.flatMap((effect) =>
    effect.type === "write-routes" ? effect.writes.map(({ route }) => route.decision) : [],
  );

it("[SAFE-7] a deadline that is over is served before the event that came late, and both are one decision", () => {
  const { take } = startUndecided();
  const turn = take({ result: "stored", written: false });
  const route = turn.changed[MONITOR]?.route;
  expect(route).toMatchObject({ epoch: 2, active: "dc2" });
  expect(listSent(turn)).toContain(route?.decision);
});

it("[SAFE-7] a route that gives way within the same turn to one that a person wrote is not sent: it is never stored", () => {
  const { world, take } = startUndecided();
  const before = world.monitor().route;
  const stored = {
    ...before,
    epoch: 2,
    decision: "dec_byhand",
    after: before.decision,
    trail: [before.decision],
  };
  const turn = take({ result: "ahead", stored });
  expect(turn.changed[MONITOR]?.route.decision).toBe("dec_byhand");
  const others = listSent(turn).filter((decision) => decision !== "dec_byhand");
  expect(others).toEqual([]);
  expect(
    turn.effects.some((effect) => effect.type === "record" && effect.event.type === "switch-decided"),
  ).toBe(true);
});
