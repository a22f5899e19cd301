import { performance } from "node:perf_hooks";
import type { Observation } from "@evenkeel/contracts/observation";
import type { Plan } from "@evenkeel/contracts/plan";
import { decide } from "@evenkeel/core/arbitration/decide";
import type { InstanceState, MonitorState } from "@evenkeel/core/arbitration/state";
import { down, makePlan, settle, startWorld, up } from "../core/arbitration/world.ts";

/**
 * Measures how long deciding takes: one report, a look at all monitors, and everything failing at once. Each figure
 * stands beside a floor of the same run: parsing the same report's JSON, which every shell has to do anyway.
 */

const AGENTS = ["a1", "a2", "aw"] as const;
const ROUNDS = 2000;
/** Before anything is measured: a control plane has run for longer than its compiler needs. */
const WARM_ROUNDS = 50_000;
const TICKS = 200;
const WARM_TICKS = 500;

const idOf = (index: number) => `mon_bench${String(index).padStart(5, "0")}`;

function planOf(count: number): Plan {
  const plan = makePlan({ settings: { budgetPerSiteMinute: 10_000, budgetPerInstanceDay: 100_000 } }, 2);
  const [first] = plan.monitors;
  if (first === undefined) throw new Error("the plan has a monitor");
  const monitors = Array.from({ length: count }, (_, index) => ({
    ...first,
    id: idOf(index),
    name: idOf(index),
  }));
  return { ...plan, monitors };
}

/** An instance with so many monitors, seen well by three agents. */
function startInstance(count: number) {
  const world = startWorld();
  settle(world);
  world.event({ type: "plan", plan: planOf(count) });
  const well = Array.from({ length: count }, (_, index) => [
    up("dc1", { monitorId: idOf(index) }),
    up("dc2", { monitorId: idOf(index) }),
  ]).flat();
  for (const agent of AGENTS) world.report(agent, well);
  return world;
}

let used = 0;
function senses(now: number) {
  used += 1;
  const heard = Object.fromEntries(AGENTS.map((id) => [id, now]));
  return { now, entropy: `bench${String(used).padStart(16, "0")}`, heard, holders: {} };
}

function reportOf(observations: Observation[]) {
  const frame = { type: "report" as const, boot: "a1-boot-1", seq: 1, full: false, illness: null };
  const stores = [{ store: "main", reachable: true, words: "" }];
  return { type: "report" as const, agentId: "a1", frame: { ...frame, stores, links: [], observations } };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function time(warm: number, rounds: number, act: (round: number) => void): number {
  for (let round = 0; round < warm; round += 1) act(round);
  const took: number[] = [];
  for (let round = warm; round < warm + rounds; round += 1) {
    const before = performance.now();
    act(round);
    took.push(performance.now() - before);
  }
  return median(took);
}

function measureReport(count: number): { decideUs: number; parseUs: number } {
  const world = startInstance(count);
  const events = Array.from({ length: 50 }, (_, index) =>
    reportOf([up("dc1", { monitorId: idOf(index % count) })]),
  );
  const texts = events.map((event) => JSON.stringify(event.frame));
  const pick = <T>(list: T[], round: number): T => list[round % list.length] as T;
  let state: InstanceState = world.state;
  // Clock, hearing and randomness are the shell's: they are made before.
  const sensed = Array.from({ length: WARM_ROUNDS + ROUNDS }, (_, round) => senses(world.now + round));
  const decideMs = time(WARM_ROUNDS, ROUNDS, (round) => {
    state = decide(state, pick(events, round), pick(sensed, round)).state;
  });
  const parseMs = time(WARM_ROUNDS, ROUNDS, (round) => void JSON.parse(pick(texts, round)));
  return { decideUs: decideMs * 1000, parseUs: parseMs * 1000 };
}

function measureTick(count: number): number {
  const world = startInstance(count);
  let state: InstanceState = world.state;
  return time(WARM_TICKS, TICKS, (round) => {
    state = decide(state, { type: "tick" }, senses(world.now + round)).state;
  });
}

/** All agents report everything down and answer; the time of the event that decides all of it. */
function measureCollapse(count: number): { decideMs: number; moved: number } {
  const world = startInstance(count);
  world.now += 1000;
  const failing = Array.from({ length: count }, (_, index) => down("dc1", 1000, { monitorId: idOf(index) }));
  for (const agent of AGENTS) world.report(agent, failing);
  const asked = new Map<string, MonitorState[]>();
  for (const one of world.state.monitors.list) {
    if (one.asking === null) continue;
    asked.set(one.asking.nonce, [...(asked.get(one.asking.nonce) ?? []), one]);
  }
  let decideMs = 0;
  for (const [nonce, monitors] of asked) {
    const answer = monitors.flatMap(({ id }) => [
      down("dc1", 1000, { monitorId: id }),
      up("dc2", { monitorId: id }),
    ]);
    world.answer("a1", answer, nonce);
    world.answer("a2", answer, nonce);
    const before = performance.now();
    world.answer("aw", answer, nonce);
    decideMs += performance.now() - before;
  }
  const moved = world.state.monitors.list.filter((one) => one.route.active === "dc2").length;
  return { decideMs, moved };
}

const report = measureReport(100);
const collapse = [measureCollapse(10_000), measureCollapse(10_000)].at(-1);
const rows = [
  ["one report, 100 monitors (median)", `${report.decideUs.toFixed(2)} µs`, "5 µs"],
  ["floor: JSON.parse of that report", `${report.parseUs.toFixed(2)} µs`, ""],
  ["ratio to the floor", (report.decideUs / report.parseUs).toFixed(2), ""],
  ["100 monitors × 3 agents looked at anew", `${measureTick(100).toFixed(3)} ms`, "2 ms"],
  ["10,000 monitors failing at once, decided", `${collapse?.decideMs.toFixed(1)} ms`, "200 ms"],
  ["of which moved", String(collapse?.moved), "10000"],
];
for (const row of rows)
  process.stdout.write(`${row.map((cell, index) => cell.padEnd(index === 0 ? 44 : 14)).join("")}\n`);
