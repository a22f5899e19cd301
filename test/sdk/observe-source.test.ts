import { EventEmitter } from "node:events";
import {
  type BatchObservableCallback,
  type Meter,
  metrics,
  type Observable,
  type Span,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { expect, onTestFinished, test } from "vitest";
import { openRedis } from "../../sdk/open-redis.ts";
import type { SourceEvents } from "../../sdk/switching/source-events.ts";
import { createSwitchboard } from "../../sdk/switching/switchboard.ts";
import { observeSource } from "../../sdk/telemetry/observe-source.ts";
import { makeRoute } from "./make-route.ts";

/** An application's own OpenTelemetry that writes down what it is told. */
function setUpTelemetry() {
  const callbacks = new Set<BatchObservableCallback>();
  const added: string[] = [];
  const spans: string[] = [];
  const nameOf = new Map<object, string>();
  const meter = {
    createCounter: (name: string) => ({
      add: (value: number, attributes: object) =>
        added.push(`${name} ${value} ${JSON.stringify(attributes)}`),
    }),
    createObservableGauge(name: string) {
      const gauge = { addCallback: () => undefined, removeCallback: () => undefined };
      nameOf.set(gauge, name);
      return gauge;
    },
    addBatchObservableCallback: (callback: BatchObservableCallback) => void callbacks.add(callback),
    removeBatchObservableCallback: (callback: BatchObservableCallback) => void callbacks.delete(callback),
  } as unknown as Meter;
  const tracer = {
    startSpan(name: string, { attributes = {} } = {}) {
      spans.push(`${name} ${JSON.stringify(attributes)}`);
      return { end: () => undefined } as unknown as Span;
    },
  } as unknown as Tracer;
  metrics.setGlobalMeterProvider({ getMeter: () => meter });
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
  onTestFinished(() => {
    metrics.disable();
    trace.disable();
  });
  const collect = (): Record<string, number> => {
    const seen: Record<string, number> = {};
    const observe = (gauge: Observable, value: number, attributes: Record<string, unknown> = {}) => {
      const where = attributes["evenkeel.data_centre"];
      seen[`${nameOf.get(gauge)}${where === undefined ? "" : ` ${where}`}`] = value;
    };
    for (const callback of callbacks) void callback({ observe });
    return seen;
  };
  return { added, spans, collect, callbacks };
}

test("an application that has set OpenTelemetry up sees where its source stands, and every switch", () => {
  const { added, spans, collect, callbacks } = setUpTelemetry();
  const board = createSwitchboard({
    drainMs: 0,
    sideOf: ({ dataCentre }) => ({
      ...{ dataCentre, readOnly: false, waiting: new Set<never>(), busy: () => 3 },
      ...{ abandon: () => undefined, drain: () => undefined, close: () => undefined },
    }),
  });
  const events = new EventEmitter<SourceEvents>();
  const props = { version: "v1", instanceId: "inst", appId: "shop", monitorId: "db" } as const;
  const end = observeSource({ config: { props }, board, events });
  expect(collect()).toEqual({ "evenkeel.route.epoch": 0, "evenkeel.store.connected": 1 });
  board.follow(makeRoute(1));
  const switched = board.follow(makeRoute(2, "dec-2", { active: "dc2" }));
  if (switched === null) throw new Error("nothing switched");
  events.emit("switched", switched);
  events.emit("warm", { dataCentre: "dc1", ready: false, message: "" });
  events.emit("stale", { message: "" });
  expect(collect()).toEqual({
    "evenkeel.route.epoch": 2,
    "evenkeel.route.active dc2": 1,
    "evenkeel.connections.busy dc2": 3,
    "evenkeel.side.ready dc1": 0,
    "evenkeel.store.connected": 0,
  });
  expect(added[0]).toMatch(/^evenkeel\.switches 1 .*"evenkeel\.from":"dc1","evenkeel\.to":"dc2"/);
  expect(spans).toEqual([expect.stringMatching(/^evenkeel\.switch .*"evenkeel\.decision":"dec-2"/)]);
  end();
  expect(callbacks.size).toBe(0);
  expect(events.eventNames()).toEqual([]);
});

test("a source that cannot be opened leaves nothing behind", async () => {
  const { callbacks } = setUpTelemetry();
  const etcd = { address: "127.0.0.1:1", httpsEnable: true, certificatePath: "/nowhere.pem" };
  const opening = openRedis({
    ...{ props: { version: "v1", instanceId: "i", appId: "a", monitorId: "m" }, etcd },
    sources: { dc1: { host: "127.0.0.1", port: 1 } },
    router: { active: "dc1", algorithm: "single-read-write" },
  });
  await expect(opening).rejects.toMatchObject({ code: "EVENKEEL_CONFIG" });
  expect(callbacks.size).toBe(0);
});
