import type { RouteStore } from "@evenkeel/contracts/route-store";
import { Client } from "undici";
import { ELECTION_MS } from "../../agents/etcd/render-members.ts";
import { openRouteStore } from "../../route-store/open-route-store.ts";
import { fromWire, prefixEnd, toWire } from "../../route-store/wire-encoding.ts";
import { ROOT, startCluster, type TestCluster, until, whyNoEtcd } from "../route-store/etcd-cluster.ts";
import { recordWatch, type WatchRecord } from "../route-store/watch-record.ts";

/**
 * `node test/bench/route-store.ts`: the figures that the route store promises, measured against three members of etcd on
 * this machine. Fails if a goal is missed.
 */
const PORT_BASE = 21100;
const PUTS = 300;
const WATCHERS = 1000;
const WATCHER_ROUNDS = 20;
const FAULT_ROUNDS = 10;
const SETTLE_MS = 60_000;
/** A poll that does not meddle with what is measured. */
const QUIET_MS = 600_000;
const BEAT_MS = 200;
/** etcd's own; the cluster of the goals has the timing that `evenkeel-agent etcd init` prints. */
const SLOW_ELECTION_MS = 1000;

/** Goals: a ratio, then milliseconds. */
const RATIO_GOAL = 1.5;
const CROWD_P99_MS = 100;
const KILLED_MS = 1000;
const STOPPED_MS = 3000;
const LEADER_MS = 1500;

interface Row {
  readonly figure: string;
  readonly measured: string;
  /** Null: measured for comparison only. */
  readonly goal: { readonly words: string; readonly met: boolean } | null;
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ??
  Number.NaN;
const ms = (value: number) => `${value.toFixed(1)} ms`;

/** Something that is waited for once. */
function createSignal() {
  let give: () => void = () => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
}

/** A client of the gateway with nothing of ours: one connection for puts, one for the watch. */
async function openBare(address: string, prefix: string, onValue: (value: string) => void) {
  const calls = new Client(`http://${address}`);
  const stream = new Client(`http://${address}`, { bodyTimeout: 0, headersTimeout: 0 });
  const headers: Record<string, string> = { "content-type": "application/json" };
  const ask = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const answer = await calls.request({ method: "POST", path, headers, body: JSON.stringify(body) });
    return (await answer.body.json()) as Record<string, unknown>;
  };
  const login = await ask("/v3/auth/authenticate", { name: ROOT.user, password: ROOT.password });
  headers.authorization = String(login.token);
  const create = { key: toWire(prefix), range_end: prefixEnd(prefix) };
  const body = JSON.stringify({ create_request: create });
  const { body: events } = await stream.request({ method: "POST", path: "/v3/watch", headers, body });
  let rest = "";
  const standing = createSignal();
  events.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { result } = JSON.parse(line) as {
        result: { created?: boolean; events?: { kv: { value: string } }[] };
      };
      if (result.created === true) standing.give();
      for (const event of result.events ?? []) onValue(fromWire(event.kv.value));
    }
  });
  events.on("error", () => undefined);
  await standing.given;
  return {
    put: (key: string, value: string) => ask("/v3/kv/put", { key: toWire(key), value: toWire(value) }),
    close: () => Promise.all([calls.destroy(), stream.destroy()]),
  };
}

/** Puts one value after the other and times each until it was seen. @returns milliseconds */
async function timePuts(
  put: (value: string) => Promise<unknown>,
  seen: Map<string, () => void>,
): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < PUTS; index += 1) {
    const arrival = createSignal();
    seen.set(String(index), arrival.give);
    const startMs = performance.now();
    await Promise.all([put(String(index)), arrival.given]);
    times.push(performance.now() - startMs);
  }
  return times;
}

async function measureRatio(cluster: TestCluster, open: () => RouteStore): Promise<Row> {
  const address = cluster.endpoints[0] ?? "";
  const seen = new Map<string, () => void>();
  const bare = await openBare(address, "/bare/", (value) => seen.get(value)?.());
  const store = open();
  const ours = new Map<string, () => void>();
  let standing = false;
  store.watch("/ours/", {
    onReading: () => undefined,
    onChanges: (changes) => {
      for (const { value } of changes) ours.get(value ?? "")?.();
    },
    onConnected: (connected) => {
      standing = connected;
    },
  });
  await until("our watch stands", () => standing);
  // Turn about, and the first turn of each only warms up.
  const runs: { bare: number[]; ours: number[] } = { bare: [], ours: [] };
  for (let turn = 0; turn < 4; turn += 1) {
    const bareTimes = await timePuts((value) => bare.put("/bare/route", value), seen);
    const ourTimes = await timePuts((value) => store.put({ key: "/ours/route", value }), ours);
    if (turn === 0) continue;
    runs.bare.push(...bareTimes);
    runs.ours.push(...ourTimes);
  }
  await bare.close();
  const ratio = quantile(runs.ours, 0.5) / quantile(runs.bare, 0.5);
  const medians = `median ${ms(quantile(runs.ours, 0.5))}, bare ${ms(quantile(runs.bare, 0.5))}`;
  return {
    figure: "put → watch, one watcher, against a bare client",
    measured: `${ratio.toFixed(2)} × (${medians})`,
    goal: { words: `≤ ${RATIO_GOAL} ×`, met: ratio <= RATIO_GOAL },
  };
}

/** Watches with the same poll share a stream; those with different ones do not. */
async function measureCrowd(open: () => RouteStore, isShared: boolean): Promise<Row> {
  const store = open();
  const stands = (record: WatchRecord) => record.connections.at(-1)?.connected === true;
  const prefix = isShared ? "/crowd/" : "/lonely-crowd/";
  const records = Array.from({ length: WATCHERS }, (_, index) =>
    recordWatch(store, prefix, { pollMs: QUIET_MS + (isShared ? 0 : index) }),
  );
  await until("all watches stand", () => records.every(stands), SETTLE_MS);
  const writer = open();
  const lasts: number[] = [];
  for (let round = 0; round < WATCHER_ROUNDS; round += 1) {
    const startMs = performance.now();
    await writer.put({ key: `${prefix}route`, value: String(round) });
    await until(
      "the last one saw it",
      () => records.every(({ changes }) => changes.length > round),
      SETTLE_MS,
    );
    lasts.push(performance.now() - startMs);
  }
  const expected = JSON.stringify(Array.from({ length: WATCHER_ROUNDS }, (_, round) => String(round)));
  const lost = records.filter(
    (one) => JSON.stringify(one.changes.map(({ value }) => value)) !== expected,
  ).length;
  const p99 = quantile(lasts, 0.99);
  return {
    figure: `${WATCHERS} watches in one process${isShared ? "" : `, ${WATCHERS} streams`}: the last one sees a put`,
    measured: `p99 ${ms(p99)} (median ${ms(quantile(lasts, 0.5))}), ${lost} with a gap or a repeat`,
    goal: isShared
      ? { words: `p99 ≤ ${CROWD_P99_MS} ms, none`, met: p99 <= CROWD_P99_MS && lost === 0 }
      : null,
  };
}

/** Breaks the watched member, which does not lead, and times until a later write is seen. @returns milliseconds */
async function timeFault(cluster: TestCluster, open: OpenAt, fault: "kill" | "stop"): Promise<number> {
  const leader = await cluster.leader();
  const [sick, other] = [(leader + 1) % 3, (leader + 2) % 3];
  const at = (index: number) => cluster.endpoints[index] ?? "";
  const prefix = `/fault/${performance.now()}/`;
  const writer = open([at(leader), at(other)]);
  const beat = setInterval(() => void writer.put({ key: `${prefix}beat/x`, value: "x" }), BEAT_MS);
  const watching = open([at(sick), at(other), at(leader)]);
  const record = recordWatch(watching, `${prefix}routes/`, {
    beatPrefix: `${prefix}beat/`,
    pollMs: QUIET_MS,
  });
  await until("the watch stands", () => record.connections.at(-1)?.connected === true);
  const member = cluster.members[sick];
  const startMs = performance.now();
  const gone = fault === "kill" ? member?.kill() : member?.stop();
  await writer.put({ key: `${prefix}routes/a`, value: "1" });
  await until("the change is seen", () => record.changes.length === 1);
  const tookMs = performance.now() - startMs;
  await gone;
  clearInterval(beat);
  watching.close();
  if (fault === "kill") member?.start();
  else member?.resume();
  await cluster.ready();
  return tookMs;
}

async function timeLeaderLoss(cluster: TestCluster, open: OpenAt): Promise<number> {
  const store = open(cluster.endpoints);
  await store.range("/leader");
  const leader = cluster.members[await cluster.leader()];
  const startMs = performance.now();
  await leader?.kill();
  const put = await store.swap({ key: `/leader/${startMs}`, value: "1" }, 0);
  const tookMs = performance.now() - startMs;
  if (!put.ok) throw new Error(put.message);
  leader?.start();
  await until("there is a leader", async () => (await cluster.leader()) >= 0);
  await cluster.ready();
  return tookMs;
}

type OpenAt = (endpoints: string[]) => RouteStore;

async function measureFault(
  figure: string,
  goalMs: number | null,
  once: () => Promise<number>,
): Promise<Row> {
  const times: number[] = [];
  for (let round = 0; round < FAULT_ROUNDS; round += 1) times.push(await once());
  const worst = Math.max(...times);
  const measured = `worst of ${FAULT_ROUNDS}: ${ms(worst)} (median ${ms(quantile(times, 0.5))})`;
  return {
    figure,
    measured,
    goal: goalMs === null ? null : { words: `≤ ${goalMs} ms`, met: worst <= goalMs },
  };
}

type Measure = (cluster: TestCluster, openAt: OpenAt) => Promise<Row>;

const FIGURES: readonly Measure[] = [
  (cluster, openAt) => measureRatio(cluster, () => openAt(cluster.endpoints)),
  (cluster, openAt) => measureCrowd(() => openAt(cluster.endpoints), true),
  (cluster, openAt) => measureCrowd(() => openAt(cluster.endpoints), false),
  (cluster, openAt) =>
    measureFault("a watch on a killed member is back", KILLED_MS, () => timeFault(cluster, openAt, "kill")),
  (cluster, openAt) =>
    measureFault("a watch on a stopped member is back", STOPPED_MS, () => timeFault(cluster, openAt, "stop")),
  (cluster, openAt) =>
    measureFault(`a swap after the leader was killed, election timeout ${ELECTION_MS} ms`, LEADER_MS, () =>
      timeLeaderLoss(cluster, openAt),
    ),
];
const SLOW_FIGURES: readonly Measure[] = [
  (cluster, openAt) =>
    measureFault(`a swap after the leader was killed, election timeout ${SLOW_ELECTION_MS} ms`, null, () =>
      timeLeaderLoss(cluster, openAt),
    ),
];

async function measureAll(electionMs: number, figures: readonly Measure[]): Promise<Row[]> {
  const cluster = await startCluster({ portBase: PORT_BASE, electionMs });
  const opened: RouteStore[] = [];
  const openAt: OpenAt = (endpoints) => {
    const store = openRouteStore({ endpoints, ...ROOT, deadlineMs: 10_000 });
    opened.push(store);
    return store;
  };
  const rows: Row[] = [];
  try {
    for (const measure of figures) {
      rows.push(await measure(cluster, openAt));
      for (const store of opened.splice(0)) store.close();
    }
    return rows;
  } finally {
    for (const store of opened) store.close();
    await cluster.destroy();
  }
}

async function main(): Promise<void> {
  const missing = whyNoEtcd();
  if (missing !== null) throw new Error(missing);
  const rows = [
    ...(await measureAll(ELECTION_MS, FIGURES)),
    ...(await measureAll(SLOW_ELECTION_MS, SLOW_FIGURES)),
  ];
  console.log("| figure | measured | goal | met |\n| --- | --- | --- | --- |");
  for (const { figure, measured, goal } of rows) {
    const met = goal === null ? "–" : goal.met ? "yes" : "no";
    console.log(`| ${figure} | ${measured} | ${goal?.words ?? "–"} | ${met} |`);
  }
  if (rows.some(({ goal }) => goal?.met === false)) process.exitCode = 1;
}

await main();
