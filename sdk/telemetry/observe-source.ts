import type { EventEmitter } from "node:events";
import type { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { type BatchObservableCallback, metrics, trace } from "@opentelemetry/api";
import type { Side } from "../switching/side.ts";
import type { SourceEvents, SwitchedEvent } from "../switching/source-events.ts";
import type { Switchboard } from "../switching/switchboard.ts";
import { VERSION } from "../version.ts";

const SCOPE = "@evenkeel/sdk";

/** What is observed of a data source. */
export interface ObservedSource {
  readonly config: Pick<SdkConfig, "props">;
  readonly board: Pick<Switchboard<Side>, "active" | "epoch">;
  readonly events: EventEmitter<SourceEvents>;
}

/**
 * Tells OpenTelemetry of a data source: gauges that are read when somebody collects them, counters and a span for what
 * happens seldom. Calls themselves are left to the drivers' own instrumentation, so that none is made slower. Nothing is
 * done unless the application has set a provider of its own before it opens the source.
 *
 * @param observed the source
 * @returns a function that ends it
 */
export function observeSource({ config, board, events }: ObservedSource): () => void {
  const common = {
    "evenkeel.application": config.props.appId,
    "evenkeel.monitor": config.props.monitorId,
  };
  const meter = metrics.getMeter(SCOPE, VERSION);
  const tracer = trace.getTracer(SCOPE, VERSION);
  const switches = meter.createCounter("evenkeel.switches", { description: "Switches that were followed" });
  const moved = meter.createCounter("evenkeel.calls.moved", {
    description: "Calls that were not sent yet and went to the new side",
  });
  const problems = meter.createCounter("evenkeel.problems", { description: "What could not be used" });
  const onSwitched = (event: SwitchedEvent): void => {
    const { from, to, leaving, epoch, decision, decidedBy } = event;
    const attributes = { ...common, "evenkeel.from": from, "evenkeel.to": to, "evenkeel.leaving": leaving };
    switches.add(1, attributes);
    moved.add(event.moved, attributes);
    const named = {
      "evenkeel.epoch": epoch,
      "evenkeel.decision": decision,
      "evenkeel.decided_by": decidedBy,
      "evenkeel.connections.busy": event.busy,
    };
    tracer
      .startSpan("evenkeel.switch", { startTime: event.atMs, attributes: { ...attributes, ...named } })
      .end();
  };
  const onProblem = (): void => problems.add(1, common);
  events.on("switched", onSwitched);
  events.on("problem", onProblem);
  const endGauges = observeGauges({ config, board, events }, common);
  return () => {
    events.off("switched", onSwitched);
    events.off("problem", onProblem);
    endGauges();
  };
}

function observeGauges(
  { board, events }: ObservedSource,
  common: Readonly<Record<string, string>>,
): () => void {
  const meter = metrics.getMeter(SCOPE, VERSION);
  const gauge = (name: string, description: string) => meter.createObservableGauge(name, { description });
  const epoch = gauge("evenkeel.route.epoch", "Epoch of the route that is followed; 0 before the first one");
  const active = gauge("evenkeel.route.active", "1 for the data centre that is active");
  const busy = gauge("evenkeel.connections.busy", "Connections of the active side that are in use");
  const ready = gauge("evenkeel.side.ready", "Whether a data centre's warm connection stands");
  const connected = gauge("evenkeel.store.connected", "Whether the store of the routes is reached");
  const sides = new Map<string, boolean>();
  let isConnected = true;
  const onWarm = (event: SourceEvents["warm"][0]): void => void sides.set(event.dataCentre, event.ready);
  const onConnected = (): void => {
    isConnected = true;
  };
  const onStale = (): void => {
    isConnected = false;
  };
  const collect: BatchObservableCallback = (result) => {
    const side = board.active;
    result.observe(epoch, board.epoch, common);
    result.observe(connected, isConnected ? 1 : 0, common);
    if (side !== null) {
      const there = { ...common, "evenkeel.data_centre": side.dataCentre };
      result.observe(active, 1, there);
      result.observe(busy, side.busy(), there);
    }
    for (const [name, isReady] of sides)
      result.observe(ready, isReady ? 1 : 0, { ...common, "evenkeel.data_centre": name });
  };
  const observables = [epoch, active, busy, ready, connected];
  meter.addBatchObservableCallback(collect, observables);
  events.on("warm", onWarm);
  events.on("connected", onConnected);
  events.on("stale", onStale);
  return () => {
    meter.removeBatchObservableCallback(collect, observables);
    events.off("warm", onWarm);
    events.off("connected", onConnected);
    events.off("stale", onStale);
  };
}
