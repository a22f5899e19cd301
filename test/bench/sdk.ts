import { parseArgs } from "node:util";
import { ADMIN_USER } from "@evenkeel/lab/engines/engine-handle";
import { loadSecrets } from "@evenkeel/lab/engines/secrets";
import mysql from "mysql2/promise";
import pg from "pg";
import { findBroken, switchManyTimes } from "../sdk/many-switches.ts";
import { SDK_DRIVERS, type SdkDriver } from "../sdk/sdk-drivers.ts";
import { startTwoSites, type TwoSites } from "../sdk/two-sites.ts";
import { nextSwitch } from "../sdk/use-two-sites.ts";
import { createFigureTable, median, type Row } from "./figure-table.ts";
import { measureJournal } from "./journal.ts";

/**
 * `npm run bench -- sdk [--switches 10000]`: what the SDK costs a call beside the bare driver in the same process, how soon
 * the new side serves, and whether very many switches under load split a transaction. Fails if a goal is missed.
 */
const { values } = parseArgs({ options: { switches: { type: "string", default: "10000" } } });

/** Callers at a time, calls of one piece, and pieces; the first ones warm the compiler up. */
const AT_A_TIME = 16;
const PIECE_CALLS = 4000;
const WARM_PIECES = 12;
const PIECES = 60;
/** Connections that are busy when the route changes, and how often that is measured. */
const BUSY = 100;
const ROUNDS = 20;
/** Until calls on a stopped server are under way, in milliseconds. */
const UNDER_WAY_MS = 30;
/** Goals. */
const OVERHEAD_US = 1;
const THROUGHPUT_SHARE = 0.98;
const SERVING_MS = 5;
const CONNECTIONS_MAX = 400;
const SEED = 20_261_121;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Piece {
  readonly cpuUs: number;
  readonly perSecond: number;
}

async function runPiece(ask: () => Promise<unknown>): Promise<Piece> {
  let left = PIECE_CALLS;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await ask();
    }
  };
  const cpu = process.cpuUsage();
  const beganMs = performance.now();
  await Promise.all(Array.from({ length: AT_A_TIME }, caller));
  const tookMs = performance.now() - beganMs;
  const used = process.cpuUsage(cpu);
  return { cpuUs: (used.user + used.system) / PIECE_CALLS, perSecond: PIECE_CALLS / (tookMs / 1000) };
}

/** Pieces of both in turn, in either order, so that what else the machine does meets both alike. */
async function measureOverhead(driver: SdkDriver, sites: TwoSites): Promise<Row[]> {
  const bare = await driver.connect(sites.engine.dataCentres.dc1, AT_A_TIME);
  await sites.route({ active: "dc1" });
  const ours = await driver.open(sites.config, AT_A_TIME);
  const more: number[] = [];
  const shares: number[] = [];
  const costs: number[] = [];
  for (let piece = 0; piece < PIECES; piece += 1) {
    const isOursFirst = piece % 2 === 0;
    const first = await runPiece(isOursFirst ? ours.ask : bare.ask);
    const second = await runPiece(isOursFirst ? bare.ask : ours.ask);
    if (piece < WARM_PIECES) continue;
    const [of, than] = isOursFirst ? [first, second] : [second, first];
    more.push(of.cpuUs - than.cpuUs);
    shares.push(of.perSecond / than.perSecond);
    costs.push(than.cpuUs);
  }
  await bare.end();
  await ours.source.close();
  const overUs = median(more);
  const share = median(shares);
  return [
    {
      figure: `CPU of a call over ${driver.name}`,
      measured: `${overUs >= 0 ? "+" : ""}${overUs.toFixed(2)} µs (bare ${median(costs).toFixed(1)} µs)`,
      goal: { words: `≤ +${OVERHEAD_US} µs`, met: overUs <= OVERHEAD_US },
    },
    {
      figure: `throughput over ${driver.name}, ${AT_A_TIME} callers`,
      measured: `${(share * 100).toFixed(1)} % of the bare driver's`,
      goal: { words: `≥ ${THROUGHPUT_SHARE * 100} %`, met: share >= THROUGHPUT_SHARE },
    },
  ];
}

/** The old side hangs with every connection busy; the clock runs from the route's arrival to the new side's first answer. */
async function measureServing(driver: SdkDriver, sites: TwoSites): Promise<Row> {
  let active: "dc1" | "dc2" = "dc1";
  await sites.route({ active });
  const { ask, sleep, source } = await driver.open(sites.config, BUSY);
  const served: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    // Every connection of the pool is opened first.
    await Promise.all(Array.from({ length: BUSY }, sleep));
    const old = sites.engine.dataCentres[active].process;
    old.stop();
    const hanging = Array.from({ length: BUSY }, () => ask().then(String, ({ code }) => String(code)));
    await pause(UNDER_WAY_MS);
    active = active === "dc1" ? "dc2" : "dc1";
    const switched = nextSwitch(source);
    await sites.route({ active });
    const { monotonicMs } = await switched;
    await ask();
    served.push(performance.now() - monotonicMs);
    await Promise.all(hanging);
    old.cont();
    await pause(UNDER_WAY_MS * 10);
  }
  await source.close();
  const middle = median(served);
  return {
    figure: `the new side serves after the route came, ${BUSY} calls under way over ${driver.name}`,
    measured: `${middle.toFixed(1)} ms in the middle of ${ROUNDS}, ${Math.max(...served).toFixed(1)} ms at worst`,
    goal: { words: `≤ ${SERVING_MS} ms`, met: middle <= SERVING_MS },
  };
}

async function measureSwitches(driver: SdkDriver, sites: TwoSites, count: number): Promise<Row> {
  await sites.route({ active: "dc1" });
  const { transact, source } = await driver.open(sites.config, AT_A_TIME);
  const outcome = await switchManyTimes({ sites, transact }, { count, faults: false, seed: SEED });
  await source.close();
  const { split, lost } = await findBroken(sites, outcome);
  const { tried, acknowledged } = outcome;
  return {
    figure: `${count} switches under load over ${driver.name}`,
    measured: `${tried.length} transactions, ${acknowledged.length} acknowledged; ${split.length} split, ${lost.length} lost`,
    goal: { words: "none split, none lost", met: split.length === 0 && lost.length === 0 },
  };
}

/** A lab's server takes a hundred connections, all of which are wanted here. */
async function allowConnections(sites: TwoSites): Promise<void> {
  const { passwords } = loadSecrets(sites.directory);
  for (const { host, port, process: server } of Object.values(sites.engine.dataCentres)) {
    const login = { host, port, user: ADMIN_USER };
    if (sites.engine.engine === "mysql") {
      const connection = await mysql.createConnection({ ...login, password: passwords["mysql-admin"] });
      await connection.query(`SET GLOBAL max_connections = ${CONNECTIONS_MAX}`);
      await connection.end();
    }
    if (sites.engine.engine === "postgresql") {
      const client = new pg.Client({
        ...login,
        password: passwords["postgresql-admin"],
        database: "postgres",
      });
      await client.connect();
      await client.query(`ALTER SYSTEM SET max_connections = ${CONNECTIONS_MAX}`);
      await client.end();
      await server.kill();
      await server.revive();
    }
  }
}

const table = createFigureTable();
table.add(await measureJournal());
for (const driver of SDK_DRIVERS) {
  const sites = await startTwoSites(driver.engine, driver.portBase);
  if (typeof sites === "string") throw new Error(sites);
  try {
    await allowConnections(sites);
    for (const row of await measureOverhead(driver, sites)) table.add(row);
    table.add(await measureServing(driver, sites));
    table.add(await measureSwitches(driver, sites, Number(values.switches)));
  } finally {
    await sites.destroy();
  }
}
table.print();
