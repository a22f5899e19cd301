import type {
  RangeReading,
  RouteStore,
  StoreChange,
  StoreFailure,
  StoreResult,
  WatchListener,
} from "@evenkeel/contracts/route-store";
import { expect, test, vi } from "vitest";
import { shareWatches } from "../../route-store/share-watches.ts";
import { recordWatch } from "./watch-record.ts";

const PREFIX = "/k/";
const away: StoreFailure = { ok: false, reason: "unavailable", message: "nobody answers" };

/** A store in which the test plays the stream and answers the readings itself. */
function setUp() {
  const streams: { readonly listener: WatchListener; closed: boolean }[] = [];
  const readings: ((result: StoreResult<RangeReading>) => void)[] = [];
  const thrown: unknown[] = [];
  const closing = new AbortController();
  const watch = shareWatches({
    start(_prefix, listener) {
      const stream = { listener, closed: false };
      streams.push(stream);
      return {
        close() {
          stream.closed = true;
        },
      };
    },
    read: () => new Promise((resolve) => void readings.push(resolve)),
    pauseAfter: () => Promise.resolve(),
    onThrow: (_prefix, error) => void thrown.push(error),
    closing: closing.signal,
  });
  const store: Pick<RouteStore, "watch"> = {
    watch: (prefix, listener, options = {}) => watch(prefix, listener, options),
  };
  const stream = (nth = 0): WatchListener => {
    const found = streams[nth];
    if (found === undefined) throw new Error(`there is no stream ${nth}`);
    return found.listener;
  };
  return {
    streams,
    readings,
    thrown,
    closing,
    stream,
    store,
    record: (pollMs?: number) => recordWatch(store, PREFIX, pollMs === undefined ? {} : { pollMs }),
    /** Answers the reading that was asked for last, once it was. */
    async answer(result: StoreResult<RangeReading>): Promise<void> {
      await vi.waitFor(() => expect(readings.length).toBeGreaterThan(0));
      readings.shift()?.(result);
    },
  };
}

const reading = (revision: number, value: string): RangeReading => ({
  entries: [{ key: "/k/a", value, modRevision: revision }],
  revision,
});
const answerOf = (value: RangeReading): StoreResult<RangeReading> => ({ ok: true, value });
const change = (modRevision: number): StoreChange => ({
  key: "/k/a",
  value: String(modRevision),
  modRevision,
});
const settled = (condition: () => void) => vi.waitFor(condition);

test("a thousand watches of one prefix ask the store for one stream, and all hear the same", async () => {
  const { record, stream, streams, answer } = setUp();
  const records = Array.from({ length: 1000 }, () => record());
  stream().onReading(reading(5, "5"));
  stream().onConnected(true);
  // One for the second, who came alone, and one for all who came while it was read.
  await answer(answerOf(reading(5, "5")));
  await answer(answerOf(reading(5, "5")));
  await settled(() => expect(records.every((one) => one.connections.length === 1)).toBe(true));
  stream().onChanges([change(6)]);
  stream().onChanges([change(7)]);
  expect(streams).toHaveLength(1);
  for (const one of records) expect(one.valuesOf("/k/a")).toEqual(["5", "6", "7"]);
});

test("watches with another poll or other beats have a stream of their own", () => {
  const { store, record, streams } = setUp();
  record(100);
  record(200);
  recordWatch(store, PREFIX, { pollMs: 100, beatPrefix: "/beats/" });
  recordWatch(store, "/other/", { pollMs: 100 });
  expect(streams).toHaveLength(4);
});

test("who comes later gets what stands now, and neither a gap nor a repeat after it", async () => {
  const { record, stream, answer } = setUp();
  const first = record();
  stream().onReading(reading(5, "5"));
  stream().onConnected(true);
  stream().onChanges([change(6)]);
  const late = record();
  // 7 is in the reading and comes over the stream before it, 8 over the stream after it, and 9 before it but not in it.
  stream().onChanges([change(7)]);
  stream().onChanges([change(9)]);
  expect(late.changes).toEqual([]);
  await answer(answerOf(reading(8, "8")));
  await settled(() => expect(late.connections).toEqual([{ connected: true, failure: undefined }]));
  stream().onChanges([change(10)]);
  expect(late.valuesOf("/k/a")).toEqual(["8", "9", "10"]);
  expect(first.valuesOf("/k/a")).toEqual(["5", "6", "7", "9", "10"]);
});

test("a stream that lags behind a newcomer's reading repeats nothing to it", async () => {
  const { record, stream, answer } = setUp();
  record();
  stream().onReading(reading(5, "5"));
  const late = record();
  await answer(answerOf(reading(8, "8")));
  await settled(() => expect(late.readings).toHaveLength(1));
  for (const revision of [6, 7, 8, 9]) stream().onChanges([change(revision)]);
  expect(late.valuesOf("/k/a")).toEqual(["8", "9"]);
});

test("a newcomer's reading that crossed with the store's replacement is thrown away", async () => {
  const { record, stream, answer } = setUp();
  const first = record();
  stream().onReading(reading(50, "50"));
  const late = record();
  stream().onChanges([change(51)]);
  // The store is put back from an older copy; the answer on its way is of before.
  stream().onReading(reading(3, "old"));
  await answer(answerOf(reading(51, "51")));
  await answer(answerOf(reading(3, "old")));
  await settled(() => expect(late.readings).toHaveLength(1));
  stream().onChanges([change(4)]);
  for (const one of [first, late]) expect(one.valuesOf("/k/a")).toEqual(["old", "4"]);
});

test("who comes before the first reading lacks nothing that only that reading holds", async () => {
  const { record, stream, answer } = setUp();
  record();
  const second = record();
  // Its own reading was answered earlier than that of the watch, and comes later.
  stream().onReading(reading(9, "9"));
  await answer(answerOf(reading(5, "5")));
  await answer(answerOf(reading(9, "9")));
  await settled(() => expect(second.readings).toHaveLength(1));
  stream().onChanges([change(10)]);
  expect(second.valuesOf("/k/a")).toEqual(["9", "10"]);
});

test("a reading anew goes to all, and counts for what comes after it", async () => {
  const { record, stream, answer } = setUp();
  const first = record();
  stream().onReading(reading(50, "50"));
  const both = [first, record()];
  await answer(answerOf(reading(50, "50")));
  await settled(() => expect(both[1]?.readings).toHaveLength(1));
  stream().onReading(reading(3, "old"));
  stream().onChanges([change(4)]);
  for (const one of both) expect(one.valuesOf("/k/a")).toEqual(["old", "4"]);
});

test("a newcomer that cannot read is told why, holds nobody up and is read for again", async () => {
  const { record, stream, answer } = setUp();
  const first = record();
  stream().onReading(reading(5, "5"));
  stream().onConnected(true);
  const late = record();
  await answer(away);
  await settled(() => expect(late.connections).toEqual([{ connected: false, failure: away }]));
  stream().onChanges([change(6)]);
  expect(first.valuesOf("/k/a")).toEqual(["5", "6"]);
  await answer(answerOf(reading(6, "6")));
  await settled(() => expect(late.connections.map((one) => one.connected)).toEqual([false, true]));
  expect(late.valuesOf("/k/a")).toEqual(["6"]);
});

test("a lost stream is told once to everybody, those without a reading too", async () => {
  const { record, stream, answer } = setUp();
  const first = record();
  stream().onReading(reading(5, "5"));
  stream().onConnected(true);
  const late = record();
  stream().onConnected(false, away);
  expect(first.connections.map((one) => one.connected)).toEqual([true, false]);
  expect(late.connections).toEqual([{ connected: false, failure: away }]);
  await answer(answerOf(reading(5, "5")));
  await settled(() => expect(late.readings).toHaveLength(1));
  stream().onConnected(true);
  expect(late.connections.map((one) => one.connected)).toEqual([false, true]);
});

test("closing one leaves the others; the last one's closing ends the stream, and the next one gets another", async () => {
  const { record, stream, streams, answer } = setUp();
  const first = record();
  stream().onReading(reading(5, "5"));
  const second = record();
  await answer(answerOf(reading(5, "5")));
  await settled(() => expect(second.readings).toHaveLength(1));
  first.watch.close();
  first.watch.close();
  stream().onChanges([change(6)]);
  expect(first.changes).toEqual([]);
  expect(second.valuesOf("/k/a")).toEqual(["5", "6"]);
  expect(streams[0]?.closed).toBe(false);
  second.watch.close();
  expect(streams[0]?.closed).toBe(true);
  const third = record();
  stream(1).onReading(reading(6, "6"));
  expect(third.valuesOf("/k/a")).toEqual(["6"]);
});

test("the first one may close before it was told anything: the others have their own reading", async () => {
  const { record, stream, answer } = setUp();
  const first = record();
  const second = record();
  first.watch.close();
  stream().onReading(reading(5, "5"));
  stream().onConnected(true);
  await answer(answerOf(reading(5, "5")));
  await answer(answerOf(reading(5, "5")));
  await settled(() => expect(second.connections).toHaveLength(1));
  expect([first.readings, first.connections]).toEqual([[], []]);
  expect(second.valuesOf("/k/a")).toEqual(["5"]);
});

test("a listener that throws, or one that never ends, keeps nobody else from hearing", async () => {
  const { store, record, stream, thrown, answer } = setUp();
  const bug = new Error("a bug of the owner");
  const throws = (): never => {
    throw bug;
  };
  store.watch(PREFIX, { onReading: throws, onConnected: throws, onChanges: throws });
  stream().onReading(reading(5, "5"));
  const endless: WatchListener = {
    onReading: () => undefined,
    onConnected: () => undefined,
    onChanges: () => new Promise(() => undefined),
  };
  store.watch(PREFIX, endless);
  const well = record();
  await answer(answerOf(reading(5, "5")));
  await answer(answerOf(reading(5, "5")));
  await settled(() => expect(well.readings).toHaveLength(1));
  stream().onConnected(true);
  stream().onChanges([change(6)]);
  expect(thrown).toEqual([bug, bug, bug]);
  expect(well.connections).toHaveLength(1);
  expect(well.valuesOf("/k/a")).toEqual(["5", "6"]);
});

test("changes beyond what is kept for a newcomer make its reading begin anew", async () => {
  const { record, stream, answer } = setUp();
  record();
  stream().onReading(reading(5, "5"));
  const late = record();
  stream().onChanges(Array.from({ length: 10_001 }, (_, index) => change(6 + index)));
  await answer(answerOf(reading(5, "5")));
  await answer(answerOf(reading(10_006, "10006")));
  await settled(() => expect(late.readings).toHaveLength(1));
  stream().onChanges([change(10_007)]);
  expect(late.valuesOf("/k/a")).toEqual(["10006", "10007"]);
});

test("after the store was closed nobody is told anything", async () => {
  const { record, stream, answer, closing } = setUp();
  const first = record();
  stream().onReading(reading(5, "5"));
  const late = record();
  closing.abort();
  await answer(answerOf(reading(5, "5")));
  stream().onChanges([change(6)]);
  expect(first.changes).toEqual([]);
  expect([late.readings, late.connections]).toEqual([[], []]);
});
