import { decide } from "@evenkeel/core/arbitration/decide";
import type { InstanceState } from "@evenkeel/core/arbitration/state";
import { down, settle, startWorld, up } from "../core/arbitration/world.ts";
import { runHistory } from "../sim/run-history.ts";

/**
 * Measures how many histories of a whole installation one core plays in a second, by CPU time, because the machine may
 * have other work; `node --max-semi-space-size=32 test/bench/sim.ts`, as much room for young objects as the workers of
 * `npm run sim` have. In turns with it, as a floor, the pure core alone decides on as many events as the histories had.
 */

/** Before anything is measured: a run of ten thousand histories is longer than its compiler needs. */
const WARM_HISTORIES = 500;
const ROUNDS = 20;
const HISTORIES_PER_ROUND = 100;
const GOAL_PER_SECOND = 200;

const spentMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** What histories came to, and their CPU time. */
interface Spent {
  ms: number;
  events: number;
  automatic: number;
  faults: number;
  virtualMs: number;
}

async function play(from: number, many: number, spent: Spent): Promise<void> {
  const beganMs = spentMs();
  for (let seed = from; seed < from + many; seed += 1) {
    const worlds: { timeline: { events(): number; now(): number } }[] = [];
    const { automatic, faults, violations } = await runHistory(seed, undefined, (world) =>
      worlds.push(world),
    );
    if (violations.length > 0) throw new Error(`history ${seed} broke a rule: ${violations.join("; ")}`);
    spent.events += worlds[0]?.timeline.events() ?? 0;
    spent.virtualMs += worlds[0]?.timeline.now() ?? 0;
    spent.automatic += automatic;
    spent.faults += faults;
  }
  spent.ms += spentMs() - beganMs;
}

/** The pure core on so many events: reports of a home that comes and goes. */
function decideBarely(events: number): number {
  const world = startWorld();
  settle(world);
  let state: InstanceState = world.state;
  const observations = [[up("dc1")], [down("dc1", 100)]];
  const beganMs = spentMs();
  for (let event = 0; event < events; event += 1) {
    const now = world.now + event;
    const frame = { type: "report" as const, boot: "a1-boot-1", seq: event, full: false, illness: null };
    const report = { ...frame, stores: [], links: [], observations: observations[event % 2] ?? [] };
    const senses = { now, entropy: `bench${event}`, heard: { a1: now, a2: now, aw: now }, holders: {} };
    state = decide(state, { type: "report", agentId: "a1", frame: report }, senses).state;
  }
  return spentMs() - beganMs;
}

const spent: Spent = { ms: 0, events: 0, automatic: 0, faults: 0, virtualMs: 0 };
await play(1, WARM_HISTORIES, { ...spent });
decideBarely(20_000);
let floorMs = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  const before = spent.events;
  await play(1 + round * HISTORIES_PER_ROUND, HISTORIES_PER_ROUND, spent);
  floorMs += decideBarely(spent.events - before);
}
const many = ROUNDS * HISTORIES_PER_ROUND;
const each = (value: number, digits: number) => (value / many).toFixed(digits);
const rows = [
  ["histories per second of one core's time", (many / (spent.ms / 1000)).toFixed(0), `${GOAL_PER_SECOND}`],
  ["CPU time of a history", `${each(spent.ms, 2)} ms`, `${1000 / GOAL_PER_SECOND} ms`],
  ["floor: as many bare decisions as it has events", `${each(floorMs, 2)} ms`, ""],
  ["ratio to the floor", (spent.ms / floorMs).toFixed(2), ""],
  ["events of a history", each(spent.events, 0), ""],
  ["virtual time of a history", `${each(spent.virtualMs / 1000, 1)} s`, ""],
  ["faults of a history", each(spent.faults, 2), ""],
  ["automatic switches of a history", each(spent.automatic, 2), ""],
];
for (const row of rows)
  process.stdout.write(`${row.map((cell, index) => cell.padEnd(index === 0 ? 48 : 12)).join("")}\n`);
