import { type BatchObservableCallback, type Meter, metrics, type Observable } from "@opentelemetry/api";
import { expect, onTestFinished, test } from "vitest";
import type { CopyStatus } from "../../sdk/double-write/copy-status.ts";
import { observeCopies } from "../../sdk/telemetry/observe-copies.ts";

const STATUS: CopyStatus = {
  ...{ dataCentre: "dc2", queued: 3, unanswered: 1, bytes: 700, oldestAgeMs: 20, held: "store-away" },
  ...{ sent: 10, failed: 1, uncertain: 2, discarded: 3, dropped: 4, refused: 5 },
  ...{ diverged: true, divergedBy: ["failed"] },
};

test("an application that has set OpenTelemetry up sees how its copies stand, until the source is closed", () => {
  const callbacks = new Set<BatchObservableCallback>();
  const nameOf = new Map<object, string>();
  const create = (name: string) => {
    const observable = { addCallback: () => undefined, removeCallback: () => undefined };
    nameOf.set(observable, name);
    return observable;
  };
  const meter = {
    createObservableGauge: create,
    createObservableCounter: create,
    addBatchObservableCallback: (callback: BatchObservableCallback) => void callbacks.add(callback),
    removeBatchObservableCallback: (callback: BatchObservableCallback) => void callbacks.delete(callback),
  } as unknown as Meter;
  metrics.setGlobalMeterProvider({ getMeter: () => meter });
  onTestFinished(() => metrics.disable());
  const props = { version: "v1", instanceId: "inst", appId: "shop", monitorId: "cache" } as const;
  const end = observeCopies({ props }, () => [STATUS]);
  const seen: Record<string, number> = {};
  const observe = (observable: Observable, value: number, attributes: Record<string, unknown> = {}) => {
    expect(attributes).toMatchObject({
      ...{ "evenkeel.application": "shop", "evenkeel.monitor": "cache", "evenkeel.data_centre": "dc2" },
    });
    const outcome = attributes["evenkeel.outcome"];
    seen[`${nameOf.get(observable)}${outcome === undefined ? "" : ` ${outcome}`}`] = value;
  };
  for (const callback of callbacks) void callback({ observe });
  expect(seen).toEqual({
    "evenkeel.copies.queued": 3,
    "evenkeel.copies.unanswered": 1,
    "evenkeel.copies.bytes": 700,
    "evenkeel.copies.oldest_age_ms": 20,
    "evenkeel.copies.diverged": 1,
    "evenkeel.copies.outcomes sent": 10,
    "evenkeel.copies.outcomes failed": 1,
    "evenkeel.copies.outcomes uncertain": 2,
    "evenkeel.copies.outcomes discarded": 3,
    "evenkeel.copies.outcomes dropped": 4,
    "evenkeel.copies.outcomes refused": 5,
  });
  end();
  expect(callbacks.size).toBe(0);
});
