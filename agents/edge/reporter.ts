import { REPORT_REPEAT_MS, type ReportFrame } from "@evenkeel/contracts/agent-protocol";
import type { Observation } from "@evenkeel/contracts/observation";
import { DOUBT_MS } from "@evenkeel/core/health/illness";
import { type Cancel, type Clock, SYSTEM_CLOCK } from "../clock.ts";
import { createOwed } from "./owed.ts";

/** What a reporter sends. */
export interface ReportContent {
  readonly illness: ReportFrame["illness"];
  readonly stores: ReportFrame["stores"];
  readonly links: ReportFrame["links"];
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
 * @param clock its clock
 */
export function createReporter(ports: ReporterPorts, clock: Clock = SYSTEM_CLOCK): Reporter {
  const owed = createOwed();
  let seq = 0;
  let active = false;
  let soon: Cancel | undefined;
  let repeat: Cancel | undefined;
  let doubtful: Cancel | undefined;

  function send(): void {
    clearTimers();
    if (!active || owed.isEmpty()) return;
    seq += 1;
    const { full, targets } = owed.tell(seq);
    const { illness, stores, links, observations } = ports.gather(full ? null : targets);
    ports.send({
      type: "report",
      boot: ports.boot,
      seq,
      full,
      illness,
      stores,
      links,
      observations: [...observations],
    });
    repeat = clock.after(REPORT_REPEAT_MS, send);
    if (illness !== null) tellRecovery();
  }

  /** Nothing else may change for a long time, and until it is told otherwise the control plane does not count us. */
  function tellRecovery(): void {
    doubtful?.();
    doubtful = clock.after(DOUBT_MS, () => note(null));
  }

  function clearTimers(): void {
    soon?.();
    soon = undefined;
    repeat?.();
  }

  function note(target: string | null): void {
    owed.note(target);
    // What changes in one turn of the event loop is told in one frame.
    if (active) soon ??= clock.soon(send);
  }

  function pause(): void {
    active = false;
    clearTimers();
    doubtful?.();
  }

  return {
    note,
    startAnew() {
      active = true;
      owed.noteAll();
      send();
    },
    pause,
    acknowledge(boot, acknowledged) {
      if (boot !== ports.boot) return;
      owed.acknowledge(acknowledged);
      if (owed.isEmpty()) repeat?.();
    },
    stop: pause,
  };
}
