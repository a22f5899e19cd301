import type { Judgement, Observation, Verdict } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbePurpose, ProbeSession } from "@evenkeel/contracts/plugin";
import { overlayHeartbeat } from "@evenkeel/core/health/heartbeat";
import {
  addProbe,
  CONFIG_RETRY_MS,
  computeNextProbeAt,
  computeRunStage,
  computeTimeoutAt,
  createTrack,
  mayLockAccount,
  noteFreshLogin,
  type RunStage,
  renderObservation,
  type TargetTrack,
  type TrackRules,
} from "@evenkeel/core/health/track";
import { type Cancel, type Clock, SYSTEM_CLOCK } from "../clock.ts";
import { loadDriver } from "../drivers.ts";
import type { TargetHeart } from "./heart-target.ts";
import type { MonitorHeart } from "./monitor-heart.ts";
import { runProbe } from "./run-probe.ts";
import { alignTurn, createWakes, type Wakes } from "./share-wakes.ts";
import { AT_ONCE, FRESH_LOGIN_MS, type Turn } from "./spread-turn.ts";
import { startTargetHeart } from "./target-heart.ts";

/** Closed connections are followed by a probe at once, but not more often than this; milliseconds. */
const HURRY_SPACING_MS = 500;
/** A probe that our own late event loop made void is repeated after so long, in milliseconds. */
const VOID_RETRY_MS = 20;

/** Verdicts of a server that was heard and let us in. */
const ALIVE: readonly (Verdict | undefined)[] = ["up", "degraded", "read_only"];

const NOTHING: Cancel = () => undefined;

/** What is probed. */
export interface ProbeTarget {
  readonly monitorId: string;
  readonly dataCentre: string;
  readonly targetVersion: number;
  readonly plugin: MonitorPlugin;
  /** Public settings and secrets, merged. */
  readonly settings: Record<string, unknown>;
  readonly rules: TrackRules;
  /** Who writes heartbeats, and when; absent: nobody. */
  readonly heart?: { readonly monitor: MonitorHeart; readonly source: string };
}

/** Probes one target until stopped. */
export interface TargetProber {
  /** What is known now; null before the first probe has ended. */
  observe(): Observation | null;
  /** Begins a probe at once unless one is in flight; resolves when the present one has ended. */
  probeNow(): Promise<void>;
  /** A route may have changed; see `TargetHeart`. */
  lookAgain?(): void;
  stop(): void;
}

/** What the control plane was told last. */
interface Told {
  readonly stage: RunStage;
  readonly judgement: Judgement | null;
  readonly sawUp: boolean;
}

/**
 * The connection to one target: one kept session, at most one probe in flight, a new session after each failure, and an
 * immediate probe when the peer closes.
 */
class TargetConnection implements TargetProber {
  readonly #target: ProbeTarget;
  readonly #onChange: () => void;
  readonly #wakes: Wakes;
  readonly #clock: Clock;
  readonly #turnMs: number;
  #endLogins: Cancel;
  #track: TargetTrack;
  #session: ProbeSession | null = null;
  #inFlight: Promise<void> | null = null;
  #cancelProbe: Cancel = NOTHING;
  #cancelStage: Cancel = NOTHING;
  #told: Told = { stage: "none", judgement: null, sawUp: false };
  #hurriedAtMs = Number.NEGATIVE_INFINITY;
  #stopped = false;
  /** Probes in a row that our own late event loop made void. */
  #voids = 0;
  /** True once a login was made up for, because the first one met a target that was not up. */
  #loggedInLate = false;
  readonly #heart: TargetHeart | null;

  constructor(target: ProbeTarget, onChange: () => void, wakes: Wakes, turn: Turn) {
    const { clock } = wakes;
    this.#target = target;
    this.#wakes = wakes;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#track = createTrack(target.targetVersion);
    this.#turnMs = alignTurn(clock.now() + turn.probeAfterMs);
    this.#endLogins = clock.after(turn.loginAfterMs, () => {
      this.#endLogins = clock.every(FRESH_LOGIN_MS, () => void this.#loginAnew());
      void this.#loginAnew();
    });
    this.#heart = this.#startHeart(turn.probeAfterMs);
    if (turn.probeAfterMs > 0) this.#schedule(this.#turnMs);
    else void this.#begin();
  }

  observe(): Observation | null {
    const seen = renderObservation(this.#target, this.#track, this.#clock.now());
    return seen === null || this.#heart === null ? seen : { ...seen, heartbeat: this.#heart.state() };
  }

  lookAgain(): void {
    this.#heart?.lookAgain();
  }

  probeNow(): Promise<void> {
    // An account that is refused must not be hammered, whoever asks [SAFE-5].
    if (mayLockAccount(this.#track) || this.#stopped) return Promise.resolve();
    return this.#begin();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelProbe();
    this.#cancelStage();
    this.#endLogins();
    this.#heart?.stop();
    if (this.#session !== null) this.#drop(this.#session);
  }

  #startHeart(firstAfterMs: number): TargetHeart | null {
    const { plugin, settings, rules, heart, dataCentre } = this.#target;
    if (heart === undefined || plugin.heartbeat === undefined) return null;
    if (!plugin.heartbeat.isWanted(settings)) return null;
    const isHeard = () => ALIVE.includes(this.#track.judgement?.verdict);
    const parts = {
      plugin: plugin.heartbeat,
      settings,
      timing: rules.timing,
      dataCentre,
      firstAfterMs,
      ...heart,
    };
    return startTargetHeart({ ...parts, isHeard, onChange: this.#onChange }, this.#clock);
  }

  #open(purpose: ProbePurpose, onClosed: () => void): ProbeSession {
    const { plugin, settings, rules } = this.#target;
    return plugin.open(settings, {
      load: loadDriver,
      onClosed,
      purpose,
      accessTimeoutMs: rules.timing.accessTimeoutMs,
    });
  }

  #drop(closing: ProbeSession): void {
    if (this.#session === closing) this.#session = null;
    closing.destroy();
  }

  #keep(): { session: ProbeSession; fresh: boolean } {
    if (this.#session !== null) return { session: this.#session, fresh: false };
    const opened = this.#open("watch", () => {
      if (this.#session !== opened || this.#stopped) return;
      this.#drop(opened);
      if (this.#inFlight === null) this.#hurry();
    });
    this.#session = opened;
    return { session: opened, fresh: true };
  }

  /**
   * The kernel closes a dead process's connections at once: probing now is how a crash is seen within a millisecond.
   * A peer that closes after every answer must not make us probe without a pause, so that is done twice a second at most.
   */
  #hurry(): void {
    // An account that is refused must not be hammered by way of its closed connections either [SAFE-5].
    if (mayLockAccount(this.#track)) return;
    const nowMs = this.#clock.now();
    if (nowMs - this.#hurriedAtMs < HURRY_SPACING_MS) return;
    this.#hurriedAtMs = nowMs;
    void this.#begin();
  }

  #begin(): Promise<void> {
    this.#cancelProbe();
    this.#inFlight ??= this.#probe()
      .catch((error: unknown) => {
        // Nobody knows what state the plugin left its session in: the next probe has a new one.
        if (this.#session !== null) this.#drop(this.#session);
        this.#giveUp(error);
      })
      .finally(() => {
        this.#inFlight = null;
      });
    return this.#inFlight;
  }

  /** The plugin itself failed, on settings of a newer control plane for example: one target must not end the agent. */
  #giveUp(error: unknown): void {
    if (this.#stopped) return;
    const nowMs = this.#clock.now();
    const kind = error instanceof Error ? error.name : "unknown error";
    const words = `this agent's plugin cannot work with the settings (${kind}); is the agent as new as the control plane?`;
    const judgement: Judgement = { verdict: "config", reason: "bad-settings", words };
    const ended = { startedAtMs: nowMs, endedAtMs: nowMs, judgement, fresh: false };
    this.#track = addProbe(this.#track, ended, this.#target.rules);
    this.#tell();
    this.#schedule(nowMs + CONFIG_RETRY_MS);
  }

  async #probe(): Promise<void> {
    const { plugin, settings, rules } = this.#target;
    const { session, fresh } = this.#keep();
    const ran = await runProbe(session, rules.timing.accessTimeoutMs, this.#clock);
    if (this.#stopped) return;
    if (ran.type === "void") {
      this.#drop(session);
      this.#retryVoid();
      return;
    }
    this.#voids = 0;
    if (ran.outcome.type !== "answered") {
      this.#drop(session);
      this.#heart?.renew();
    }
    const judgement = overlayHeartbeat(plugin.judge(ran.outcome, settings), this.#heart?.state() ?? null);
    const { startedAtMs, endedAtMs } = ran;
    this.#track = addProbe(this.#track, { startedAtMs, endedAtMs, judgement, fresh }, rules);
    this.#tell();
    const times = { startedAtMs, nowMs: this.#clock.now(), turnMs: this.#turnMs };
    this.#schedule(computeNextProbeAt(this.#track, rules, times));
    // The first login met a target that was not up yet: without another one it could take over nothing for a minute.
    // Only once, because a login that is refused must not be repeated with every probe [SAFE-5].
    if (judgement.verdict !== "up" || this.#track.freshLoginAtMs !== null || this.#loggedInLate) return;
    this.#loggedInLate = true;
    void this.#loginAnew();
  }

  /**
   * A process that was late once asks again at once. One that is late again and again has too much to do: repeating
   * everything as well would keep it there, so that then the target waits for its turn.
   */
  #retryVoid(): void {
    const nowMs = this.#clock.now();
    this.#voids += 1;
    if (this.#voids === 1) this.#schedule(nowMs + VOID_RETRY_MS);
    else {
      const times = { startedAtMs: nowMs, nowMs, turnMs: this.#turnMs };
      this.#schedule(computeNextProbeAt(this.#track, this.#target.rules, times));
    }
  }

  #schedule(atMs: number): void {
    this.#cancelProbe();
    if (this.#stopped) return;
    this.#cancelProbe = this.#wakes.at(atMs, () => void this.#begin());
  }

  /** Tells of changes at once, and again when a run of failures reaches the monitor timeout [SAFE-10]. */
  #tell(): void {
    this.#cancelStage();
    const nowMs = this.#clock.now();
    const { rules } = this.#target;
    const timeoutAtMs = computeTimeoutAt(this.#track, rules);
    if (timeoutAtMs !== null && timeoutAtMs > nowMs) {
      this.#cancelStage = this.#clock.after(Math.ceil(timeoutAtMs - nowMs), () => this.#tell());
    }
    const { judgement, sawUp } = this.#track;
    const now: Told = { stage: computeRunStage(this.#track, rules, nowMs), judgement, sawUp };
    if (!differs(this.#told, now)) return;
    this.#told = now;
    this.#onChange();
  }

  async #loginAnew(): Promise<void> {
    if (this.#stopped || this.#session === null || mayLockAccount(this.#track)) return;
    const { plugin, settings, rules } = this.#target;
    try {
      const second = this.#open("login", () => undefined);
      const probed = runProbe(second, rules.timing.accessTimeoutMs, this.#clock);
      const ran = await probed.finally(() => second.destroy());
      if (this.#stopped || ran.type === "void") return;
      const judgement = plugin.judge(ran.outcome, settings);
      if (judgement.verdict !== "up") return;
      this.#track = noteFreshLogin(this.#track, ran.endedAtMs);
      // Once a minute this also refreshes what people see of a target that does not change.
      this.#onChange();
    } catch (error) {
      this.#giveUp(error);
    }
  }
}

/**
 * Starts probing a target.
 *
 * @param target what to probe
 * @param onChange called when something changed that the control plane has to know
 * @param wakes the agent's wake-ups, and its clock
 * @param turn when it is this target's turn among many; by itself: at once
 */
export function startTargetProber(
  target: ProbeTarget,
  onChange: () => void,
  wakes: Wakes = createWakes(SYSTEM_CLOCK),
  turn: Turn = AT_ONCE,
): TargetProber {
  return new TargetConnection(target, onChange, wakes, turn);
}

function differs(before: Told, now: Told): boolean {
  return (
    before.stage !== now.stage ||
    before.sawUp !== now.sawUp ||
    before.judgement?.verdict !== now.judgement?.verdict ||
    before.judgement?.reason !== now.judgement?.reason ||
    before.judgement?.code !== now.judgement?.code ||
    listVerdicts(before.judgement) !== listVerdicts(now.judgement)
  );
}

/** One of several addresses may fail without changing the whole: people see it at once nevertheless. */
function listVerdicts(judgement: Judgement | null): string {
  return judgement?.parts?.map((part) => part.verdict).join() ?? "";
}
