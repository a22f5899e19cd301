import type { Side } from "../switching/side.ts";
import type { DataPosition } from "./data-position.ts";

/** A server is measured so many times within the bound, but not more seldom than the second number of milliseconds. */
const MEASURED_WITHIN_BOUND = 8;
const LONGEST_INTERVAL_MS = 1000;
/** Positions of the writer that are remembered. */
export const SAMPLES_MAX = 64;

/** A server that can be measured. */
export interface Measurable extends Side {
  readonly position?: () => Promise<DataPosition>;
}

/** Says of servers for reads whether what they show is recent enough. */
export interface StaleGate<S extends Measurable> {
  /** @returns true if everything that was acknowledged longer ago than the bound can certainly be read there */
  isFresh(side: S): boolean;
  /** From now on these are measured; what was found out before is worth nothing, because another server may write. */
  watch(writer: S | null, readers: readonly S[]): void;
  close(): void;
}

/** The surroundings of a gate. */
export interface GatePorts {
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Acts once after so many milliseconds; the result cancels. */
  readonly after: (ms: number, act: () => void) => () => void;
}

/** What a gate is made of. */
export interface GateRequest {
  /** Milliseconds by which a read may be behind. */
  readonly maxStalenessMs: number;
  /** Hears, once per server and cause, why one cannot be measured. */
  readonly onProblem: (message: string) => void;
}

const REAL: GatePorts = {
  now: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** Where the writer was, and when it was asked: what was acknowledged before then is in it. */
interface Sample {
  readonly atMs: number;
  readonly written: string;
}

interface Gate<S> {
  readonly request: GateRequest;
  readonly ports: GatePorts;
  readonly freshUntilMs: Map<S, number>;
  readonly told: Set<string>;
  samples: readonly Sample[];
  writer: S | null;
  readers: readonly S[];
  /** Counts up with each `watch`, so that answers to earlier questions are known. */
  round: number;
  cancel: () => void;
}

/**
 * Makes the gate of a data source. No two clocks are compared: the writer tells its position at moments of this process's
 * own clock, and a reader that has reached one of them is behind by the age of that moment at most. What cannot be
 * measured is stale, and so is what was measured too long ago.
 *
 * @param request the bound
 * @param ports clock and timers
 * @returns the gate
 */
export function gateStaleReads<S extends Measurable>(
  request: GateRequest,
  ports: GatePorts = REAL,
): StaleGate<S> {
  const gate: Gate<S> = {
    ...{ request, ports, freshUntilMs: new Map(), told: new Set(), samples: [] },
    ...{ writer: null, readers: [], round: 0, cancel: () => undefined },
  };
  return {
    isFresh: (side) => ports.now() <= (gate.freshUntilMs.get(side) ?? Number.NEGATIVE_INFINITY),
    watch(writer, readers) {
      stop(gate);
      Object.assign(gate, { writer, readers });
      if (writer !== null && readers.length > 0) void measure(gate, writer, gate.round);
    },
    close: () => stop(gate),
  };
}

function stop<S>(gate: Gate<S>): void {
  gate.round += 1;
  gate.cancel();
  gate.samples = [];
  gate.freshUntilMs.clear();
}

async function measure<S extends Measurable>(gate: Gate<S>, writer: S, round: number): Promise<void> {
  const { maxStalenessMs } = gate.request;
  const { now, after } = gate.ports;
  const atMs = now();
  const standing = await ask(gate, writer);
  if (round !== gate.round) return;
  const known = gate.samples.filter((sample) => sample.atMs > now() - maxStalenessMs);
  gate.samples = thin(
    standing === null || standing.written === "" ? known : [...known, { atMs, written: standing.written }],
  );
  await Promise.all(gate.readers.map((reader) => judge(gate, reader, round)));
  if (round !== gate.round) return;
  const intervalMs = Math.min(maxStalenessMs / MEASURED_WITHIN_BOUND, LONGEST_INTERVAL_MS);
  gate.cancel = after(intervalMs, () => void measure(gate, writer, round));
}

async function judge<S extends Measurable>(gate: Gate<S>, reader: S, round: number): Promise<void> {
  const position = await ask(gate, reader);
  if (round !== gate.round || position === null) return;
  const reached = gate.samples.findLast((sample) => position.includes(sample.written));
  if (reached !== undefined) gate.freshUntilMs.set(reader, reached.atMs + gate.request.maxStalenessMs);
}

async function ask<S extends Measurable>(gate: Gate<S>, side: S): Promise<DataPosition | null> {
  try {
    return (await side.position?.()) ?? null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Servers come and go; each cause is worth one line.
    if (!gate.told.has(message) && gate.told.size < SAMPLES_MAX) {
      gate.told.add(message);
      gate.request.onProblem(`how far behind a server for reads is cannot be measured: ${message}`);
    }
    return null;
  }
}

/** Keeps the newest ones dense and the older ones at twice the distance each time. */
function thin(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length <= SAMPLES_MAX) return samples;
  const half = samples.length / 2;
  return samples.filter((_sample, at) => at >= half || at % 2 === 0);
}
