import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { openRedis } from "../../sdk/open-redis.ts";
import { eventually } from "../eventually.ts";
import {
  askSide,
  divergences,
  doubly,
  expectEqualSides,
  flags,
  readAll,
  statusOf,
  useDoublyWritten,
} from "./doubly-written.ts";
import { openRelay } from "./store-relay.ts";
import { nextSwitch } from "./use-two-sites.ts";

const PORT_BASE = 28_200;
/** Above the ports of the sites. */
const RELAY_PORT = PORT_BASE + 95;
/** Small enough that copies of a burst are still queued when the route changes or the source is closed. */
const BURST = 400;

describe("the copies of a Redis source, when the route changes or the process ends,", () => {
  const { it, keep, sites, open } = useDoublyWritten(PORT_BASE);

  it("[SAFE-1] never lets the queue of the old side overwrite what the new one has taken", async () => {
    const source = await open();
    const told = divergences(source);
    await sites().route({ dataCentres: flags(true, false) });
    await eventually(() => expect(statusOf(source, "dc2").held).toBe("not-writable"));
    for (let order = 0; order < 30; order += 1) await source.client.set(`order:${order}`, "old");
    const switched = nextSwitch(source);
    await sites().route({ active: "dc2", dataCentres: flags(true, true) });
    await switched;
    expect(statusOf(source, "dc2")).toMatchObject({ queued: 0, discarded: 30, diverged: true });
    await source.client.set("order:0", "new");
    await eventually(async () => {
      expect(await askSide(sites(), "dc1", (redis) => redis.get("order:0"))).toBe("new");
    });
    expect(Object.keys(await readAll(sites(), "dc2"))).toEqual(["order:0"]);
    expect(told).toEqual(["dc2 discarded"]);
    expect(await askSide(sites(), "dc1", (redis) => redis.get("order:1"))).toBe("old");
  });

  it("[SAFE-1] copies nothing while the store is away, and looks for a switch before it goes on", async () => {
    const config = doubly(sites());
    const [member = ""] = config.etcd?.address.split(",") ?? [];
    const relay = await openRelay(RELAY_PORT, Number(member.split(":").at(-1)));
    const etcd = { ...config.etcd, address: `127.0.0.1:${RELAY_PORT}` };
    const source = keep(await openRedis({ ...config, etcd }, { snapshotFile: false }));
    await source.client.set("order:0", "first");
    await eventually(() => expect(statusOf(source, "dc2").sent).toBe(1));
    await relay.cut();
    await eventually(() => expect(statusOf(source, "dc2").held).toBe("store-away"));
    for (let order = 0; order < 5; order += 1) await source.client.set(`order:${order}`, "old");
    await sites().route({ active: "dc2", dataCentres: flags(true, true) });
    await askSide(sites(), "dc2", (redis) => redis.set("order:0", "new"));
    await relay.mend();
    await eventually(() => expect(statusOf(source, "dc1").held).toBeNull(), { timeout: 60_000 });
    expect(statusOf(source, "dc2")).toMatchObject({ sent: 1, queued: 0, discarded: 5, diverged: true });
    expect(await source.client.get("order:0")).toBe("new");
    await source.close();
    await relay.cut();
  });

  it("lets the queue run dry while no writes are taken, so that a planned switch loses nothing", async () => {
    const source = await open();
    for (let order = 0; order < BURST; order += 1) void source.client.set(`order:${order}`, "1");
    await source.client.get("order:0");
    await sites().route({ dataCentres: flags(false, true) });
    await eventually(() =>
      expect(source.client.set("order:0", "2")).rejects.toMatchObject({ code: "EVENKEEL_NOT_WRITABLE" }),
    );
    await expectEqualSides(sites(), source, "dc2");
    const switched = nextSwitch(source);
    await sites().route({ active: "dc2", dataCentres: flags(true, true) });
    await switched;
    expect(Object.keys(await readAll(sites(), "dc2"))).toHaveLength(BURST);
    expect(statusOf(source, "dc2")).toMatchObject({ discarded: 0, diverged: false });
  });

  it("reads from the nearest, and from the active one while that does not answer", async () => {
    const local = { algorithm: "local-read-async-double-write", nearest: "dc2" } as const;
    const source = await open({}, local);
    await askSide(sites(), "dc1", (redis) => redis.set("order:where", "dc1"));
    await askSide(sites(), "dc2", (redis) => redis.set("order:where", "dc2"));
    await eventually(async () => expect(await source.client.get("order:where")).toBe("dc2"));
    sites().engine.dataCentres.dc2.process.stop();
    await eventually(async () => expect(await source.client.get("order:where")).toBe("dc1"), {
      timeout: 60_000,
    });
    sites().engine.dataCentres.dc2.process.cont();
    await eventually(async () => expect(await source.client.get("order:where")).toBe("dc2"), {
      timeout: 60_000,
    });
  });

  it("sends what is queued before it is closed, within the time that is set", async () => {
    const source = await open({ closeWithinMs: 60_000 });
    await Promise.all(Array.from({ length: BURST }, (_, order) => source.client.set(`order:${order}`, "1")));
    await source.close();
    expect(Object.keys(await readAll(sites(), "dc2"))).toHaveLength(BURST);
    await expect(source.client.set("order:0", "2")).rejects.toMatchObject({ code: "EVENKEEL_CLOSED" });
  });

  it("says what is lost when it is closed with a queue in memory, and keeps it with one on disk", async () => {
    const directory = join(sites().directory, randomUUID());
    await sites().route({ dataCentres: flags(true, false) });
    for (const settings of [{}, { queue: "disk" as const, directory }]) {
      const source = await open(settings);
      const told = divergences(source);
      await eventually(() => expect(statusOf(source, "dc2").held).toBe("not-writable"));
      for (let order = 0; order < 5; order += 1) await source.client.set(`order:${order}`, "1");
      await source.close();
      await eventually(() => expect(told).toEqual("queue" in settings ? [] : ["dc2 closed"]));
    }
    const next = await open({ queue: "disk", directory });
    expect(statusOf(next, "dc2")).toMatchObject({ queued: 5, diverged: false });
    await sites().route({ dataCentres: flags(true, true) });
    await expectEqualSides(sites(), next, "dc2");
  });

  it("of a process that was killed are sent by the next one from its queue on disk, but for what was torn", async () => {
    const directory = join(sites().directory, randomUUID());
    const config = doubly(sites(), { queue: "disk", directory });
    const file = join(sites().directory, `${randomUUID()}.json`);
    writeFileSync(file, JSON.stringify(config));
    await sites().route({ dataCentres: flags(true, false) });
    const program = new URL("write-and-wait.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [program, file, String(BURST)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = await once(child.stdout, "data");
    expect(String(said)).toBe("written\n");
    await expect(openRedis(config)).rejects.toMatchObject({
      problems: [expect.stringMatching(new RegExp(`process ${child.pid} on .* uses ${directory}`))],
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    // As if it had died within its next write.
    const [segment = ""] = readdirSync(directory).filter((name) => name.startsWith("segment"));
    appendFileSync(join(directory, segment), Buffer.from([200, 0, 0, 0, 1, 2, 3]));
    const next = keep(await openRedis(config, { snapshotFile: false }));
    expect(statusOf(next, "dc2")).toMatchObject({ queued: 2 * BURST + 1, divergedBy: ["torn"] });
    expect(statusOf(next, "dc2").oldestAgeMs).toBeGreaterThan(0);
    // What comes new lines up behind what is left.
    await next.client.incr("order:count");
    await sites().route({ dataCentres: flags(true, true) });
    await expectEqualSides(sites(), next, "dc2");
    expect(await askSide(sites(), "dc2", (redis) => redis.lrange("order:list", 0, -1))).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(statusOf(next, "dc2")).toMatchObject({ discarded: 0, uncertain: 0, failed: 0 });
  });

  it("of a process that was killed are discarded by the next one if the active side changed meanwhile", async () => {
    const directory = join(sites().directory, randomUUID());
    await sites().route({ dataCentres: flags(true, false) });
    const first = keep(
      await openRedis(doubly(sites(), { queue: "disk", directory }), { snapshotFile: false }),
    );
    for (let order = 0; order < 5; order += 1) await first.client.set(`order:${order}`, "old");
    await first.close();
    await sites().route({ active: "dc2", dataCentres: flags(true, true) });
    await askSide(sites(), "dc2", (redis) => redis.set("order:0", "new"));
    await sites().route({ active: "dc1", dataCentres: flags(true, true) });
    const next = keep(
      await openRedis(doubly(sites(), { queue: "disk", directory }), { snapshotFile: false }),
    );
    expect(statusOf(next, "dc2")).toMatchObject({ queued: 0, discarded: 5, divergedBy: ["discarded"] });
    await next.client.set("order:1", "newer");
    await eventually(async () => {
      expect(await askSide(sites(), "dc2", (redis) => redis.mget("order:0", "order:1"))).toEqual([
        "new",
        "newer",
      ]);
    });
    await next.close();
    const last = keep(
      await openRedis(doubly(sites(), { queue: "disk", directory }), { snapshotFile: false }),
    );
    expect(statusOf(last, "dc2")).toMatchObject({ discarded: 0, divergedBy: ["discarded"] });
  });

  it("[holdMs] an announced switch is waited for with the copies that the other side still lacks", async () => {
    const source = await open({}, { holdMs: 60_000 });
    await source.client.set("order:0", "x");
    await eventually(() => expect(statusOf(source, "dc2").sent).toBe(1));
    const copy = sites().engine.dataCentres.dc2.process;
    copy.stop();
    for (let order = 1; order <= BURST; order += 1) await source.client.set(`order:${order}`, "x");
    const { route } = await sites().route({
      ...{ announced: { to: "dc2", forMs: 60_000 }, decidedBy: "operator:a test" },
    });
    const tellsOf = async () => (await sites().followed()).filter(({ epoch }) => epoch === route.epoch);
    await eventually(async () =>
      expect(await tellsOf()).toMatchObject([{ isDrained: false, holdMs: 60_000 }]),
    );
    const held = source.client.set("order:held", "x");
    expect(statusOf(source, "dc2").queued).toBeGreaterThan(0);
    copy.cont();
    await eventually(async () => expect(await tellsOf()).toMatchObject([{ isDrained: true }]));
    expect(statusOf(source, "dc2")).toMatchObject({ queued: 0, unanswered: 0 });
    await sites().route({ active: "dc2", announced: undefined, decidedBy: "operator:a test" });
    expect(await held).toBe("OK");
    expect(await askSide(sites(), "dc2", (redis) => redis.get("order:held"))).toBe("x");
    expect(statusOf(source, "dc2")).toMatchObject({ discarded: 0, diverged: false });
  });

  it("[holdMs] a planned switch loses neither writes nor copies: they wait until the queue is dry", async () => {
    const source = await open({}, { holdMs: 60_000 });
    let running = true;
    const ids: string[] = [];
    const place = async (): Promise<void> => {
      while (running) {
        const id = `order:${ids.length}`;
        ids.push(id);
        await source.client.multi().set(id, "1").incr("order:count").exec();
      }
    };
    const placing = [place(), place(), place()];
    await eventually(() => expect(statusOf(source, "dc2").sent).toBeGreaterThan(BURST));
    await sites().route({ dataCentres: flags(false, true), decidedBy: "operator:a test" });
    await eventually(() => expect(statusOf(source, "dc1").held).toBe("not-writable"));
    await eventually(() => expect(statusOf(source, "dc2")).toMatchObject({ queued: 0, unanswered: 0 }));
    const { sent } = statusOf(source, "dc1");
    const switched = nextSwitch(source);
    await sites().route({ active: "dc2", dataCentres: flags(true, true), decidedBy: "operator:a test" });
    await switched;
    await eventually(() => expect(statusOf(source, "dc1").sent).toBeGreaterThan(sent + BURST));
    running = false;
    await Promise.all(placing);
    await expectEqualSides(sites(), source, "dc1");
    expect(await askSide(sites(), "dc2", (redis) => redis.get("order:count"))).toBe(String(ids.length));
    for (const site of ["dc1", "dc2"] as const)
      expect(statusOf(source, site)).toMatchObject({ discarded: 0, diverged: false });
  });
});
