import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { parse } from "yaml";
import { readSdkConfig } from "../../lab/arrange/sdk-config.ts";
import { goHome } from "../../lab/drill/go-home.ts";
import { switchMonitor } from "../../lab/faults/switch-monitor.ts";
import { openPostgres, type PostgresSource } from "../../sdk/open-postgres.ts";
import { readMonitor, startTestLab, type TestLab, until, untilHealthy } from "./with-lab.ts";

const ENGINE = "postgresql";
const WRITERS = 4;
/** Long enough to be under way when a switch is announced. */
const TRANSACTION_MS = 30;

/** One transaction, with the moments at which it got its connection and was acknowledged. */
interface Transaction {
  readonly beganMs: number;
  readonly endedMs: number;
  readonly port: number;
}

let test: TestLab;
let source: PostgresSource;

beforeAll(async () => {
  test = await startTestLab(5700, [ENGINE]);
});
afterAll(() => test?.end());
beforeEach(async () => {
  await untilHealthy(test.lab);
  await goHome(test.lab, test.lab.monitors[ENGINE] ?? "");
});
afterEach(() => source?.close());

/** An application beside the shop, which holds new writes for so long. */
async function open(holdMs: number): Promise<void> {
  const { text, environment } = await readSdkConfig(test.lab, ENGINE);
  const config = SdkConfig.parse(parse(text));
  const router = { ...config.router, holdMs };
  source = await openPostgres(JSON.stringify({ ...config, router }), {
    variables: environment,
    snapshotFile: false,
  });
  await until(
    "the application in the list",
    () => readMonitor(test.lab, ENGINE),
    ({ processes }) => processes?.total === 2 && processes.following === 2,
  );
}

async function transact(ms: number): Promise<Transaction> {
  const client = await source.pool.connect();
  const beganMs = performance.now();
  try {
    await client.query("BEGIN");
    const { rows } = await client.query<{ port: number }>("SELECT inet_server_port() AS port");
    await client.query("INSERT INTO orders (id, item) VALUES ($1, 'x')", [`announced-${randomUUID()}`]);
    await pause(ms);
    await client.query("COMMIT");
    return { beganMs, endedMs: performance.now(), port: rows[0]?.port ?? 0 };
  } finally {
    client.release();
  }
}

/** Writes without a pause until it is told to stop. */
function write(): { readonly done: Transaction[]; readonly failures: unknown[]; stop(): Promise<void> } {
  const done: Transaction[] = [];
  const failures: unknown[] = [];
  let running = true;
  const writer = async (): Promise<void> => {
    while (running) {
      await transact(TRANSACTION_MS).then(
        (one) => done.push(one),
        (error: unknown) => failures.push(error),
      );
    }
  };
  const writers = Array.from({ length: WRITERS }, writer);
  return {
    done,
    failures,
    async stop() {
      running = false;
      await Promise.all(writers);
    },
  };
}

const portOf = (dataCentre: "dc1" | "dc2") =>
  test.lab.engines.get(ENGINE)?.dataCentres[dataCentre].port ?? Number.NaN;

/** Orders the switch to dc2 as a person does, and gives back the marks of its time line. */
async function moveAway(): Promise<{ mark: string; words: string }[]> {
  const result = await switchMonitor(test.lab, await readMonitor(test.lab, ENGINE), "dc2", null);
  expect(result).toMatchObject({ status: "done", active: "dc2" });
  const { events } = await test.lab.view();
  const finished = events.find((event) => event.type === "switch-finished" && event.epoch === result.epoch);
  return finished?.timeLine.map(({ mark, words }) => ({ mark, words })) ?? [];
}

it("nobody writes on the new side before everything under way on the old one has ended, and nothing fails", async () => {
  await open(3000);
  const load = write();
  await until(
    "transactions",
    async () => load.done.length,
    (count) => count > 20,
  );
  const marks = await moveAway();
  const on = (dataCentre: "dc1" | "dc2") => load.done.filter(({ port }) => port === portOf(dataCentre));
  await until(
    "transactions on dc2",
    async () => on("dc2").length,
    (count) => count > 20,
  );
  await load.stop();
  expect(load.failures).toEqual([]);
  expect(on("dc1").length + on("dc2").length).toBe(load.done.length);
  const lastOfOld = Math.max(...on("dc1").map(({ endedMs }) => endedMs));
  const firstOfNew = Math.min(...on("dc2").map(({ beganMs }) => beganMs));
  expect(firstOfNew).toBeGreaterThan(lastOfOld);
  expect(marks).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ mark: "announced" }),
      { mark: "drained", words: "what was under way has ended" },
      expect.objectContaining({ mark: "decided" }),
    ]),
  );
});

it("one who writes for longer than the application waits does not hold the switch up, and ends where it began", async () => {
  await open(1000);
  let goOn = false;
  const long = (async () => {
    const client = await source.pool.connect();
    try {
      await client.query("BEGIN");
      await client.query("INSERT INTO orders (id, item) VALUES ($1, 'x')", [`announced-${randomUUID()}`]);
      await until("the switch", async () => goOn, Boolean);
      await client.query("COMMIT");
      return (await client.query<{ port: number }>("SELECT inet_server_port() AS port")).rows[0]?.port;
    } finally {
      client.release();
    }
  })();
  await until(
    "the long transaction",
    async () => source.pool.totalCount - source.pool.idleCount,
    (used) => used > 0,
  );
  const marks = await moveAway();
  expect(marks.find(({ mark }) => mark === "drained")?.words).toMatch(/^not everything under way has ended/);
  goOn = true;
  expect(await long).toBe(portOf("dc1"));
  await until(
    "the new side",
    () => transact(0),
    ({ port }) => port === portOf("dc2"),
  );
});
