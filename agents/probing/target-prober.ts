import { performance } from "node:perf_hooks";
import type { Judgement, Observation } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import {
  addProbe,
  computeNextProbeAt,
  computeRunStage,
  computeTimeoutAt,
  createTrack,
  noteFreshLogin,
  type RunStage,
  renderObservation,
  type TargetTrack,
  type TrackRules,
} from "@evenkeel/core/health/track";
import { loadDriver } from "../drivers.ts";
import { runProbe } from "./run-probe.ts";

/** A candidate is logged in to anew so often, because a kept session hides rotated passwords [SAFE-8]; milliseconds. */
const FRESH_LOGIN_MS = 60_000;
/** A probe that our own late event loop made void is repeated after so long, in milliseconds. */
const VOID_RETRY_MS = 20;

/** What is probed. */
export interface ProbeTarget {
  readonly monitorId: string;
  readonly dataCentre: string;
  readonly targetVersion: number;
  readonly plugin: MonitorPlugin;
  /** Public settings and secrets, merged. */
  readonly settings: Record<string, unknown>;
  readonly rules: TrackRules;
}

/** Probes one target until stopped. */
export interface TargetProber {
  /** What is known now; null before the first probe has ended. */
  observe(): Observation | null;
  /** Begins a probe at once unless one is in flight; resolves when the present one has ended. */
  probeNow(): Promise<void>;
  stop(): void;
}

/**
 * Starts probing a target: one kept session, at most one probe in flight, a new session after each failure, and an
 * immediate probe when the peer closes the connection.
 *
 * @param target what to probe
 * @param onChange called when something changed that the control plane has to know
 */
export function startTargetProber(target: ProbeTarget, onChange: () => void): TargetProber {
  let track: TargetTrack = createTrack(target.targetVersion);
  let session: ProbeSession | null = null;
  let inFlight: Promise<void> | null = null;
  let probeTimer: NodeJS.Timeout | undefined;
  let stageTimer: NodeJS.Timeout | undefined;
  let reported: Reported = { stage: "none", judgement: null, sawUp: false };
  let stopped = false;

  const { rules, plugin, settings } = target;
  const accessTimeoutMs = rules.timing.accessTimeoutMs;

  function openSession(onClosed: () => void): ProbeSession {
    const context: ProbeContext = { load: loadDriver, onClosed, accessTimeoutMs };
    return plugin.open(settings, context);
  }

  function drop(closing: ProbeSession): void {
    if (session === closing) session = null;
    closing.destroy();
  }

  function keepSession(): { kept: ProbeSession; fresh: boolean } {
    if (session !== null) return { kept: session, fresh: false };
    const opened = openSession(() => {
      if (session !== opened || stopped) return;
      drop(opened);
      // The kernel closes a dead process's connections at once: this is how a crash is seen within a millisecond.
      if (inFlight === null) void begin();
    });
    session = opened;
    return { kept: opened, fresh: true };
  }

  async function probeOnce(): Promise<void> {
    const { kept, fresh } = keepSession();
    const ran = await runProbe(kept, accessTimeoutMs);
    if (stopped) return;
    if (ran.type === "void") {
      drop(kept);
      schedule(performance.now() + VOID_RETRY_MS);
      return;
    }
    if (ran.outcome.type !== "answered") drop(kept);
    const judgement = plugin.judge(ran.outcome, settings);
    const { startedAtMs, endedAtMs } = ran;
    track = addProbe(track, { startedAtMs, endedAtMs, judgement, fresh }, rules);
    report();
    schedule(computeNextProbeAt(track, rules, startedAtMs, performance.now()));
  }

  function begin(): Promise<void> {
    clearTimeout(probeTimer);
    inFlight ??= probeOnce().finally(() => {
      inFlight = null;
    });
    return inFlight;
  }

  function schedule(atMs: number): void {
    clearTimeout(probeTimer);
    if (!stopped) probeTimer = setTimeout(() => void begin(), Math.max(0, atMs - performance.now()));
  }

  /** Tells of changes at once, and again when a run of failures reaches the monitor timeout [SAFE-10]. */
  function report(): void {
    clearTimeout(stageTimer);
    const nowMs = performance.now();
    const stage = computeRunStage(track, rules, nowMs);
    const timeoutAtMs = computeTimeoutAt(track, rules);
    if (timeoutAtMs !== null && timeoutAtMs > nowMs)
      stageTimer = setTimeout(report, Math.ceil(timeoutAtMs - nowMs));
    const now: Reported = { stage, judgement: track.judgement, sawUp: track.sawUp };
    if (!differs(reported, now)) return;
    reported = now;
    onChange();
  }

  async function loginAnew(): Promise<void> {
    if (stopped || session === null || track.judgement?.verdict === "config") return;
    const second = openSession(() => undefined);
    const ran = await runProbe(second, accessTimeoutMs);
    second.destroy();
    if (stopped || ran.type === "void") return;
    const judgement = plugin.judge(ran.outcome, settings);
    if (judgement.verdict === "up") track = noteFreshLogin(track, ran.endedAtMs);
  }

  const loginTimer = setInterval(() => void loginAnew(), FRESH_LOGIN_MS);
  void begin();

  return {
    observe: () => renderObservation(target, track, performance.now()),
    probeNow: () => {
      // An account that is refused must not be hammered, whoever asks [SAFE-5].
      if (track.judgement?.verdict === "config" || stopped) return Promise.resolve();
      return begin();
    },
    stop: () => {
      stopped = true;
      clearTimeout(probeTimer);
      clearTimeout(stageTimer);
      clearInterval(loginTimer);
      if (session !== null) drop(session);
    },
  };
}

interface Reported {
  readonly stage: RunStage;
  readonly judgement: Judgement | null;
  readonly sawUp: boolean;
}

function differs(before: Reported, now: Reported): boolean {
  return (
    before.stage !== now.stage ||
    before.sawUp !== now.sawUp ||
    before.judgement?.verdict !== now.judgement?.verdict ||
    before.judgement?.reason !== now.judgement?.reason ||
    before.judgement?.code !== now.judgement?.code
  );
}
