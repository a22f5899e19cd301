import type { HeartbeatSession } from "@evenkeel/contracts/heartbeat-plugin";
import type { Heartbeat } from "@evenkeel/contracts/observation";
import { type HeartbeatEnd, judgeHeartbeat } from "@evenkeel/core/health/heartbeat";
import { CONFIG_RETRY_MS } from "@evenkeel/core/health/track";
import type { Cancel, Clock } from "../clock.ts";
import {
  type HeartbeatFailure,
  type HeartTarget,
  openHeart,
  summarise,
  type TargetHeart,
  UNKNOWN,
} from "./heart-target.ts";
import { runProbe } from "./run-probe.ts";

/**
 * A call that hangs is left alone for so long, in milliseconds: the server goes on with it although nobody waits, and
 * asking again each time would fill its connections.
 */
const HANG_MAX_MS = 60_000;
/** Without a write for so many intervals no recovery point is measured. */
const PAUSE_INTERVALS = 3;

/** The connection of the heartbeat account to one server: at most one call in flight, a new session after each failure. */
class HeartConnection implements TargetHeart {
  readonly #target: HeartTarget;
  readonly #clock: Clock;
  #end: Cancel;
  #session: HeartbeatSession | null = null;
  #doing: "write" | "read" | "rest" = "rest";
  #isBusy = false;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #found: Omit<Heartbeat, "rpoMs"> = UNKNOWN;
  #rpoMs: number | null = null;
  #told = summarise({ ...UNKNOWN, rpoMs: null }, 1);

  constructor(target: HeartTarget, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
    this.#end = clock.after(target.firstAfterMs, () => {
      this.#end = clock.every(target.timing.retryIntervalMs, () => this.#tick());
    });
  }

  state(): Heartbeat {
    return { ...this.#found, rpoMs: this.#rpoMs };
  }

  lookAgain(): void {
    const { monitor, dataCentre } = this.#target;
    if (this.#doing === "write" && monitor.duty(dataCentre).type !== "write") this.#turnTo("rest");
  }

  renew(): void {
    this.#turnTo("rest");
  }

  stop(): void {
    this.#end();
    this.#drop();
  }

  #drop(): void {
    const closing = this.#session;
    this.#session = null;
    this.#isBusy = false;
    closing?.destroy();
  }

  #turnTo(next: "write" | "read" | "rest"): void {
    if (next === this.#doing) return;
    this.#doing = next;
    this.#drop();
    this.#find(UNKNOWN, null);
  }

  #find(found: Omit<Heartbeat, "rpoMs">, rpoMs: number | null): void {
    this.#found = found;
    this.#rpoMs = rpoMs === null ? null : Math.round(rpoMs);
    const summary = summarise(this.state(), this.#target.timing.retryIntervalMs);
    if (summary === this.#told) return;
    this.#told = summary;
    this.#target.onChange();
  }

  #tick(): void {
    const { monitor, dataCentre, isHeard } = this.#target;
    this.#turnTo(isHeard() ? monitor.duty(dataCentre).type : "rest");
    if (this.#doing === "rest" || this.#isBusy || this.#clock.now() < this.#pausedUntilMs) return;
    this.#session ??= openHeart(this.#target);
    void this.#beat(this.#session, this.#doing);
  }

  async #beat(session: HeartbeatSession, doing: "write" | "read"): Promise<void> {
    const { monitor, timing } = this.#target;
    this.#isBusy = true;
    const call = doing === "write" ? session.write(monitor.begin()) : session.read();
    const watched = { probe: () => call, destroy: () => undefined };
    let ran = await runProbe(watched, timing.accessTimeoutMs, this.#clock);
    if (this.#session === session && ran.type === "ended" && ran.outcome.type === "timed-out") {
      const { afterMs } = ran.outcome;
      this.#note({ type: "hung", afterMs, loggedIn: session.isLoggedIn() }, doing);
      // It may still be answered: then all is known at once.
      ran = await runProbe(watched, HANG_MAX_MS, this.#clock);
    }
    // Whoever turned away meanwhile does not want to know.
    if (this.#session !== session) return;
    this.#isBusy = false;
    if (ran.type === "void" || ran.outcome.type === "timed-out") this.#drop();
    else if (ran.outcome.type === "failed") this.#fail(session, ran.outcome, doing);
    else if (doing === "write") this.#note({ type: "written" }, doing);
    else this.#measure(ran.outcome.sample);
  }

  #measure(sample: unknown): void {
    const pauseMs = PAUSE_INTERVALS * this.#target.timing.retryIntervalMs;
    this.#find(
      UNKNOWN,
      this.#target.monitor.recoveryPoint(typeof sample === "number" ? sample : null, pauseMs),
    );
  }

  #fail(session: HeartbeatSession, outcome: HeartbeatFailure, doing: "write" | "read"): void {
    const loggedIn = session.isLoggedIn();
    const judgement = this.#target.plugin.judge(outcome, this.#target.settings);
    // An account that is refused must not be hammered [SAFE-5].
    if (judgement.verdict === "config") this.#pausedUntilMs = this.#clock.now() + CONFIG_RETRY_MS;
    // Who answers with a refusal keeps the connection; rights are read at the login.
    if (judgement.verdict === "down" || judgement.verdict === "config") this.#drop();
    this.#note({ type: "failed", judgement, loggedIn }, doing);
  }

  #note(end: HeartbeatEnd, doing: "write" | "read"): void {
    const found = judgeHeartbeat(end);
    // What fails in a standby says nothing about writing there: nobody tried.
    this.#find(doing === "write" ? found : { ...found, writable: null }, null);
  }
}

/**
 * Starts the heartbeats of a data centre.
 *
 * @param target where, and who decides when
 * @param clock its clock
 */
export function startTargetHeart(target: HeartTarget, clock: Clock): TargetHeart {
  return new HeartConnection(target, clock);
}
