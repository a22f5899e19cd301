import type { Judgement } from "@evenkeel/contracts/observation";
import type { Plan } from "@evenkeel/contracts/plan";
import type { MonitorPlugin, ProbeOutcome } from "@evenkeel/contracts/plugin";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import { DOUBT_MS, LATE_LOOP_MS } from "@evenkeel/core/health/illness";
import { z } from "zod";
import { type RunningAgent, runAgentKernel } from "../../agents/agent-kernel.ts";
import type { Clock } from "../../agents/clock.ts";
import type { Dial } from "../../agents/edge/edge-socket.ts";
import type { Peer } from "../../agents/peers/peer-net.ts";
import { TIMING } from "./installation.ts";
import type { Random } from "./random.ts";
import type { Answer } from "./targets.ts";
import type { Timeline } from "./timeline.ts";
import { createVirtualPeers } from "./virtual-peers.ts";

/** What the monotonic clock of every machine shows at virtual time 0. */
const FIRST_MS = 1_000_000;

/** What an agent stands in. */
export interface AgentSurroundings {
  readonly id: string;
  readonly site: string;
  readonly instanceId: string;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly dial: Dial;
  /** Whether a ping to the agent of another site would be answered now; null: agents have no ports for each other. */
  readonly isLinked: ((site: string) => boolean) | null;
  /** Its process has ended. */
  readonly onEnd: () => void;
  readonly openStore: (storeId: string) => RouteStore;
  /** Whether the control plane's frames are checked against their schema, as the real agent does with each. */
  readonly checksFrames: boolean;
  /** What a probe meets now. @param settings the planned configuration of the target */
  readonly probe: (settings: Record<string, unknown>, isNew: boolean) => Answer;
}

/** An agent's process on virtual time: the real kernel with a fake plugin. */
export interface VirtualAgent {
  readonly id: string;
  readonly site: string;
  start(): void;
  /** The process dies at once. */
  kill(): void;
  isRunning(): boolean;
  /** Whether it runs and its event loop does not stand still. */
  isAwake(): boolean;
  /** The event loop stands still. */
  freeze(ms: number): void;
  /** Virtual time since when the process runs with a sound event loop; it may lie ahead. */
  soundSinceMs(): number;
  /** The last time in which it had to doubt itself for its late event loop, in virtual ms. */
  illness(): { readonly sinceMs: number; readonly untilMs: number };
  drift(share: number): void;
}

const VERDICTS: Readonly<Record<"up" | "denied" | "degraded", Judgement>> = {
  up: { verdict: "up", reason: "ok", words: "answered" },
  denied: { verdict: "config", reason: "auth-failed", code: "28P01", words: "denied" },
  degraded: { verdict: "degraded", reason: "saturated", words: "too many connections" },
};

function judge(outcome: ProbeOutcome): Judgement {
  if (outcome.type === "answered") return outcome.sample as Judgement;
  if (outcome.type === "failed")
    return { verdict: "down", reason: "refused", code: "ECONNREFUSED", words: "refused" };
  return { verdict: "down", reason: "timed-out", words: "no answer" };
}

function createPlugin(surroundings: AgentSurroundings, clock: Clock): MonitorPlugin {
  return {
    kind: "fake",
    title: { en: "Fake", "zh-CN": "假" },
    defaultPort: 1,
    switchable: true,
    hasRoute: true,
    defaults: TIMING,
    common: z.object({}),
    target: z.object({}),
    secret: z.object({}),
    example: { common: {}, target: {}, secret: {} },
    source: () => null,
    judge,
    open(settings) {
      let isNew = true;
      return {
        probe: () =>
          new Promise((resolve, reject) => {
            const answer = surroundings.probe(settings, isNew);
            isNew = false;
            if (answer === "silent") return;
            clock.after(1, () => {
              if (answer === "refused") reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
              else resolve(VERDICTS[answer]);
            });
          }),
        destroy: () => undefined,
      };
    },
  };
}

/**
 * Makes an agent that does not run yet. Its kept plan outlives its process.
 *
 * @param surroundings clock, network, stores and targets
 */
export function createVirtualAgent(surroundings: AgentSurroundings): VirtualAgent {
  const { timeline, id, site } = surroundings;
  let kept: Plan | null = null;
  const keptPeers: { peers: readonly Peer[] } = { peers: [] };
  let boots = 0;
  let running: RunningAgent | null = null;
  let frozenUntilMs = 0;
  let lateMs = 0;
  let rate = 1;
  /** What the machine's clock showed when its rate changed last, and when that was. */
  let [baseMs, driftedAtMs] = [FIRST_MS, 0];
  let soundSinceMs = 0;
  let illness = { sinceMs: 0, untilMs: 0 };

  const monotonic = () => baseMs + (timeline.now() - driftedAtMs) * rate;

  /** Timers of a dead process do not fire; those of a frozen one fire when it thaws. */
  function createClock(boot: number): Clock {
    const fire = (act: () => void): void => {
      if (boot !== boots) return;
      if (timeline.now() < frozenUntilMs) timeline.after(frozenUntilMs - timeline.now(), () => fire(act));
      else act();
    };
    const after = (ms: number, act: () => void) => {
      let live = true;
      const end = timeline.after(ms / rate, () => fire(() => live && act()));
      return () => {
        live = false;
        end();
      };
    };
    const every = (ms: number, act: () => void) => {
      let end: () => void = () => undefined;
      const again = () => {
        end = after(ms, () => {
          again();
          act();
        });
      };
      again();
      return () => end();
    };
    return {
      now: monotonic,
      after,
      every,
      soon: (act) => after(0, act),
      polled: () => new Promise((resolve) => after(0, resolve)),
    };
  }

  return {
    id,
    site,
    start() {
      if (running !== null) return;
      boots += 1;
      const boot = boots;
      soundSinceMs = timeline.now();
      const clock = createClock(boot);
      const plugin = createPlugin(surroundings, clock);
      const { isLinked } = surroundings;
      void runAgentKernel({
        instanceId: surroundings.instanceId,
        site,
        boot: `${id}-boot-${boot}`,
        host: id,
        clock,
        random: () => surroundings.random.next(),
        dial: (events) =>
          surroundings.dial({
            onOpen: () => boot === boots && events.onOpen(),
            onText: (text) => {
              if (boot !== boots) return;
              if (timeline.now() < frozenUntilMs) clock.after(0, () => events.onText(text));
              else events.onText(text);
            },
            onClosed: (words) => boot === boots && events.onClosed(words),
          }),
        unseal: () => Promise.resolve({ ok: true, secret: {} }),
        lag: {
          worstMs: () => (timeline.now() - frozenUntilMs < DOUBT_MS ? lateMs : 0),
          stop: () => undefined,
        },
        findPlugin: () => plugin,
        openStore: (planned) => surroundings.openStore(planned.id),
        loadPlan: () => Promise.resolve(kept),
        keepPlan: (plan) => {
          kept = plan;
          return Promise.resolve();
        },
        // No application registers in a simulation: routes are followed there without the SDK's data sources.
        tellsProcesses: false,
        say: () => undefined,
        ...(surroundings.checksFrames ? {} : { readFrame: (text) => JSON.parse(text) }),
        ...(isLinked === null ? {} : { peers: createVirtualPeers(site, clock, keptPeers, isLinked) }),
      }).then((agent) => {
        if (boot === boots) running = agent;
        else agent.stop();
      });
    },
    kill() {
      boots += 1;
      surroundings.onEnd();
      const dying = running;
      running = null;
      dying?.stop();
    },
    isRunning: () => running !== null,
    isAwake: () => running !== null && timeline.now() >= frozenUntilMs,
    illness: () => illness,
    freeze(ms) {
      illness = {
        sinceMs: timeline.now(),
        untilMs: timeline.now() + ms + (ms > LATE_LOOP_MS ? DOUBT_MS : 0),
      };
      lateMs = ms;
      frozenUntilMs = timeline.now() + ms;
      soundSinceMs = frozenUntilMs + DOUBT_MS;
    },
    soundSinceMs: () => soundSinceMs,
    drift(share) {
      [baseMs, driftedAtMs] = [monotonic(), timeline.now()];
      rate = 1 + share;
    },
  };
}
