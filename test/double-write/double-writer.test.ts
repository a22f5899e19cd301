import { CopySettings } from "@evenkeel/contracts/sdk-config";
import { afterEach, describe, expect, test } from "vitest";
import type { CopyOutcome } from "../../sdk/double-write/copier.ts";
import type { Entry } from "../../sdk/double-write/delivery.ts";
import { type DoubleWriter, openDoubleWriter } from "../../sdk/double-write/double-writer.ts";
import type { Journal } from "../../sdk/double-write/journal.ts";
import type { OpenedJournal } from "../../sdk/double-write/open-journal.ts";
import { replay } from "../../sdk/double-write/replay.ts";
import type { JournalRecord } from "../../sdk/double-write/segment-format.ts";
import type { CopyDriver } from "../../sdk/double-write/writing.ts";
import { SdkError } from "../../sdk/errors.ts";
import { makeRoute } from "../sdk/make-route.ts";

/** Servers that answer when the test says so. */
function createServers() {
  const asked: { dataCentre: string; entry: Entry; answer: (outcome: CopyOutcome) => void }[] = [];
  const servers = { isReady: true };
  const driver: CopyDriver = {
    isReady: () => servers.isReady,
    send: (dataCentre, entry) => new Promise((answer) => void asked.push({ dataCentre, entry, answer })),
    keysOf: (commands) => commands.map(([, key]) => String(key)),
  };
  const values = (): string[] =>
    asked.map(({ dataCentre, entry }) => `${dataCentre} ${entry.commands[0]?.slice(1).join("=")}`);
  const answerAll = async (outcome: CopyOutcome = { kind: "applied" }): Promise<void> => {
    for (const { answer } of asked.splice(0)) answer(outcome);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { servers, driver, asked, values, answerAll };
}

const writers: DoubleWriter[] = [];
afterEach(async () => {
  for (const writer of writers.splice(0)) await writer.close();
});

/** A journal whose disk is as slow as the test wants it. */
function createSlowJournal() {
  const waiting: (() => void)[] = [];
  const records: JournalRecord[] = [];
  const journal: Journal = {
    isFailing: false,
    append(more) {
      records.push(...more);
      return new Promise((done) => void waiting.push(done));
    },
    close: async () => undefined,
  };
  const opened: OpenedJournal = {
    left: replay([]),
    tornRecords: 0,
    start: async () => journal,
    release: async () => undefined,
  };
  const write = (): void => {
    for (const done of waiting.splice(0)) done();
  };
  return { opened, records, write };
}

async function open(
  settings: object = {},
  dataCentres: readonly string[] = ["dc1", "dc2"],
  opened: OpenedJournal | null = null,
) {
  const servers = createServers();
  const told: string[] = [];
  const writer = await openDoubleWriter({
    settings: CopySettings.parse({ closeWithinMs: 0, ...settings }),
    dataCentres,
    driver: servers.driver,
    opened,
    onDiverged: (dataCentre, reason) => told.push(`${dataCentre} ${reason}`),
    onProblem: (message) => told.push(message),
  });
  writers.push(writer);
  const admit = () => {
    const ticket = writer.admit(10);
    if (ticket instanceof SdkError) throw ticket;
    return ticket;
  };
  const write = (key: string, value: string, isRepeatable = true) =>
    writer.commit(admit(), { commands: [["set", key, value]], isRepeatable }, true);
  const statusOf = (dataCentre: string) => writer.status().find((each) => each.dataCentre === dataCentre);
  return { ...servers, writer, told, admit, write, statusOf };
}

const flags = (writable: Record<string, boolean>) =>
  Object.fromEntries(
    Object.entries(writable).map(([name, each]) => [name, { readable: true, writable: each }]),
  );

describe("the copies of a source that writes doubly", () => {
  test("go to every data centre but the active one, once a route is known and its store is reached", async () => {
    const { writer, write, values, statusOf } = await open({}, ["dc1", "dc2", "dc3"]);
    const all = flags({ dc1: true, dc2: true, dc3: true });
    expect(statusOf("dc2")?.held).toBe("no-route");
    writer.follow(makeRoute(1, "d1", { dataCentres: all }));
    write("a", "1");
    expect(statusOf("dc2")).toMatchObject({ held: "store-away", queued: 1 });
    expect(values()).toEqual([]);
    writer.setReached(true);
    expect(values()).toEqual(["dc2 a=1", "dc3 a=1"]);
    expect(statusOf("dc1")).toMatchObject({ queued: 0 });
  });

  test("wait while the store is away: another data centre may be active by then", async () => {
    const { writer, write, values, answerAll, statusOf } = await open();
    writer.follow(makeRoute(1));
    writer.setReached(true);
    write("a", "1");
    await answerAll();
    writer.setReached(false);
    write("a", "2");
    expect(values()).toEqual([]);
    expect(statusOf("dc2")?.held).toBe("store-away");
    writer.setReached(true);
    expect(values()).toEqual(["dc2 a=2"]);
  });

  test("outlive flags that are set by hand, as no data centre was active in between", async () => {
    const { writer, write, values, statusOf } = await open();
    writer.setReached(true);
    writer.follow(makeRoute(1, "d1", { dataCentres: flags({ dc1: true, dc2: false }) }));
    const ticket = writer.admit(1);
    write("a", "1");
    writer.follow(makeRoute(2, "d2", { after: "d1", dataCentres: flags({ dc1: false, dc2: true }) }));
    if (ticket instanceof SdkError) throw ticket;
    writer.commit(ticket, { commands: [["set", "b", "1"]], isRepeatable: true }, true);
    expect(values()).toEqual(["dc2 b=1", "dc2 a=1"]);
    expect(statusOf("dc2")).toMatchObject({ discarded: 0, diverged: false });
  });

  test.each([
    ["another data centre is active", makeRoute(2, "d2", { after: "d1", active: "dc2" })],
    ["a route was missed", makeRoute(3, "d3", { after: "d2" })],
    ["the route descends from another one", makeRoute(2, "d2", { after: "other" })],
  ])("are discarded when %s, and so is a write that is answered after that", async (_what, route) => {
    const { writer, write, admit, values, asked, answerAll, statusOf, told, servers } = await open();
    writer.setReached(true);
    writer.follow(makeRoute(1, "d1"));
    write("sent", "1");
    servers.isReady = false;
    write("queued", "1");
    const late = admit();
    writer.follow(route);
    writer.commit(late, { commands: [["set", "late", "1"]], isRepeatable: true }, true);
    servers.isReady = true;
    const copyOf = route.active === "dc1" ? "dc2" : "dc1";
    expect(values()).toEqual(["dc2 sent=1"]);
    // What was under way and not answered is not sent again either.
    asked[0]?.answer({ kind: "unknown" });
    asked.length = 0;
    await answerAll();
    write("new", "2");
    await expect.poll(values).toEqual([`${copyOf} new=2`]);
    expect(statusOf("dc2")).toMatchObject({ discarded: 3, divergedBy: ["discarded"] });
    expect(told).toEqual(["dc2 discarded"]);
  });

  test("are queued in the order in which the writes were sent, whoever hears first of an answer", async () => {
    const { writer, admit, values } = await open();
    writer.setReached(true);
    writer.follow(makeRoute(1));
    const tickets = [admit(), admit(), admit()] as const;
    const copy = (value: string) => ({ commands: [["set", "a", value] as const], isRepeatable: true });
    const later = writer.commit(tickets[1], copy("2"), true);
    const last = writer.commit(tickets[2], null, true);
    expect(values()).toEqual([]);
    writer.commit(tickets[0], copy("1"), true);
    await Promise.all([later, last]);
    expect(values()).toEqual(["dc2 a=1"]);
  });

  test("that were not answered are sent again in their order, but those that must not be are given up", async () => {
    const { writer, write, asked, values, statusOf, told } = await open();
    writer.setReached(true);
    writer.follow(makeRoute(1));
    write("a", "1");
    write("a", "2");
    write("list", "x", false);
    write("other", "1");
    // One that must not be sent twice is written down first.
    await expect.poll(values).toEqual(["dc2 a=1", "dc2 other=1", "dc2 list=x"]);
    for (const { answer } of asked.splice(0)) answer({ kind: "unknown" });
    await expect.poll(values).toEqual(["dc2 a=1", "dc2 other=1"]);
    for (const { answer } of asked.splice(0)) answer({ kind: "applied" });
    await expect.poll(values).toEqual(["dc2 a=2"]);
    expect(statusOf("dc2")).toMatchObject({ uncertain: 1, sent: 2, queued: 1, divergedBy: ["uncertain"] });
    expect(told).toEqual(["dc2 uncertain"]);
  });

  test("that must not be sent twice are not sent at all if a switch comes while that is written down", async () => {
    const { opened, records, write: writeDown } = createSlowJournal();
    const { writer, write, values, statusOf } = await open({}, ["dc1", "dc2"], opened);
    writer.setReached(true);
    writer.follow(makeRoute(1));
    const written = write("list", "x", false);
    expect(records.map(({ kind }) => kind)).toEqual(["term", "entry", "begun"]);
    writer.follow(makeRoute(2, "dec-2", { active: "dc2", after: "dec-1" }));
    writeDown();
    await written;
    await expect.poll(() => statusOf("dc2")).toMatchObject({ discarded: 1, queued: 0, sent: 0 });
    expect(values()).toEqual([]);
  });

  test("that a server refuses for good are counted, and what comes after them goes on", async () => {
    const { writer, write, values, answerAll, statusOf } = await open();
    writer.setReached(true);
    writer.follow(makeRoute(1));
    write("a", "1");
    write("a", "2");
    await answerAll({ kind: "refused", message: "WRONGTYPE" });
    expect(values()).toEqual(["dc2 a=2"]);
    await answerAll();
    expect(statusOf("dc2")).toMatchObject({ failed: 1, sent: 1, queued: 0, diverged: true });
  });

  test("are bounded in bytes too, and one that is greater than the queue is given up by itself", async () => {
    const { writer, write, statusOf, told } = await open({ maxBytes: 1024 });
    writer.follow(makeRoute(1));
    for (let turn = 0; turn < 5; turn += 1) write(`k${turn}`, "x".repeat(100));
    expect(statusOf("dc2")?.bytes).toBeLessThanOrEqual(1024);
    const { dropped = 0, queued = 0 } = statusOf("dc2") ?? {};
    expect(dropped + queued).toBe(5);
    write("big", "x".repeat(2000));
    expect(statusOf("dc2")).toMatchObject({ queued: 0, dropped: 6 });
    expect(told).toEqual(["dc2 dropped"]);
  });

  test("that are full refuse writes before they are sent, counting those that are under way", async () => {
    const { writer, admit, statusOf } = await open({ maxEntries: 2, overflow: "refuse-writes" });
    writer.follow(makeRoute(1));
    const tickets = [admit(), admit()];
    expect(admit).toThrow(expect.objectContaining({ code: "EVENKEEL_COPIES_FULL", dataCentre: "dc2" }));
    for (const ticket of tickets) writer.commit(ticket, null, true);
    expect(admit).not.toThrow();
    expect(statusOf("dc2")).toMatchObject({ refused: 1, dropped: 0, diverged: false });
  });

  test("of a write that the active side never answered are missing, and nobody knows whether", async () => {
    const { writer, admit, statusOf } = await open();
    writer.follow(makeRoute(1));
    writer.commit(admit(), null, false);
    expect(statusOf("dc2")).toMatchObject({ uncertain: 1, divergedBy: ["uncertain"], queued: 0 });
    writer.resynced("dc2");
    expect(statusOf("dc2")).toMatchObject({ uncertain: 1, diverged: false });
  });

  test("are waited for when the source is closed, also while the store is only on its way", async () => {
    const { writer, write, asked, statusOf } = await open({ closeWithinMs: 60_000 });
    writer.follow(makeRoute(1));
    write("a", "1");
    const closed = writer.close();
    writer.setReached(true);
    asked[0]?.answer({ kind: "applied" });
    await closed;
    expect(statusOf("dc2")).toMatchObject({ sent: 1, queued: 0, diverged: false });
  });

  test("that are still in memory at the end are counted, and no write is let in any more", async () => {
    const { writer, write, statusOf, told } = await open();
    writer.follow(makeRoute(1));
    write("a", "1");
    await writer.close();
    expect(statusOf("dc2")).toMatchObject({ dropped: 1, divergedBy: ["closed"] });
    expect(told).toEqual(["dc2 closed"]);
    expect(writer.admit(1)).toMatchObject({ code: "EVENKEEL_CLOSED" });
  });
});
