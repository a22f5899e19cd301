import { REPORT_REPEAT_MS, type ReportFrame } from "@evenkeel/contracts/agent-protocol";
import type { Observation } from "@evenkeel/contracts/observation";

/** What a reporter sends. */
export interface ReportContent {
  readonly illness: ReportFrame["illness"];
  readonly stores: ReportFrame["stores"];
  readonly observations: readonly Observation[];
}

/** What a reporter needs of its surroundings. */
export interface ReporterPorts {
  readonly boot: string;
  /** Gathers what is known now. @param targets keys to be told; null: all */
  gather(targets: ReadonlySet<string> | null): ReportContent;
  /** Sends a frame; false if there is no connection. */
  send(frame: ReportFrame): boolean;
}

/** Tells the control plane what changed, until it has acknowledged it. */
export interface Reporter {
  /** Something changed in a target, or (null) in general: illness or stores. */
  note(target: string | null): void;
  /** The control plane is there and knows nothing of us: send everything. */
  startAnew(): void;
  /** The control plane is gone. */
  pause(): void;
  acknowledge(boot: string, seq: number): void;
  stop(): void;
}

/**
 * Makes a reporter. Changes of one moment travel in one frame; each frame is repeated every second with a new number
 * and present ages until it is acknowledged [SAFE-10].
 *
 * @param ports gathering and sending
 */
export function createReporter(ports: ReporterPorts): Reporter {
  let seq = 0;
  let active = false;
  let soon: NodeJS.Immediate | undefined;
  let repeat: NodeJS.Timeout | undefined;
  /** What the control plane has not acknowledged yet, by the number of the frame that told it last. */
  const owed = new Map<string, number>();
  let owedInGeneral = 0;
  let owedAll = 0;

  function isOwed(): boolean {
    return owed.size > 0 || owedInGeneral > 0 || owedAll > 0;
  }

  function send(): void {
    clearImmediate(soon);
    soon = undefined;
    clearTimeout(repeat);
    if (!active || !isOwed()) return;
    seq += 1;
    const full = owedAll > 0;
    for (const target of owed.keys()) owed.set(target, seq);
    if (owedInGeneral > 0) owedInGeneral = seq;
    if (full) owedAll = seq;
    const content = ports.gather(full ? null : new Set(owed.keys()));
    const observations = [...content.observations];
    ports.send({
      type: "report",
      boot: ports.boot,
      seq,
      full,
      illness: content.illness,
      stores: content.stores,
      observations,
    });
    repeat = setTimeout(send, REPORT_REPEAT_MS);
  }

  function sendSoon(): void {
    // What changes in one turn of the event loop is told in one frame.
    soon ??= setImmediate(send);
  }

  return {
    note(target) {
      if (target === null) owedInGeneral = Number.POSITIVE_INFINITY;
      else owed.set(target, Number.POSITIVE_INFINITY);
      if (active) sendSoon();
    },
    startAnew() {
      active = true;
      owedAll = Number.POSITIVE_INFINITY;
      send();
    },
    pause() {
      active = false;
      clearTimeout(repeat);
    },
    acknowledge(boot, acknowledged) {
      if (boot !== ports.boot) return;
      for (const [target, told] of owed) if (told <= acknowledged) owed.delete(target);
      if (owedInGeneral <= acknowledged) owedInGeneral = 0;
      if (owedAll <= acknowledged) owedAll = 0;
      if (!isOwed()) clearTimeout(repeat);
    },
    stop() {
      active = false;
      clearImmediate(soon);
      clearTimeout(repeat);
    },
  };
}
