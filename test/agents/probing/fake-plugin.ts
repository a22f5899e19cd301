import { Judgement } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { z } from "zod";

/** What the fake target answers; an answer is the judgement itself. */
export type Behaviour = () => Promise<unknown>;

export const UP: Judgement = { verdict: "up", reason: "ok", words: "answered" };
export const DENIED: Judgement = { verdict: "config", reason: "auth-failed", code: "28P01", words: "denied" };
export const BUSY: Judgement = { verdict: "degraded", reason: "saturated", words: "too many connections" };

/** Says this. */
export const answer = (judgement: Judgement) => () => Promise.resolve<unknown>(judgement);
/** Is up, and takes so long to say so. */
export const slow = (ms: number) => () =>
  new Promise<unknown>((resolve) => setTimeout(() => resolve(UP), ms));
/** Refuses the connection. */
export const refuse: Behaviour = () =>
  Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
/** Says nothing. */
export const hang: Behaviour = () => new Promise(() => undefined);

/** One session of the fake target, as the test sees it. */
export interface FakeSession {
  probes: number;
  destroyed: number;
  /** The peer closes the kept connection. */
  closeByPeer(): void;
}

/** A target that does what the test says. */
export interface FakeTarget {
  readonly plugin: MonitorPlugin;
  readonly sessions: FakeSession[];
  /** When each probe began, on the virtual clock in ms since `sinceMs`. */
  probedAt(sinceMs: number): number[];
  /** Probes that ran at the same time, at most. */
  mostAtOnce(): number;
  behave(behaviour: Behaviour): void;
}

function judge(outcome: ProbeOutcome): Judgement {
  switch (outcome.type) {
    case "answered":
      return Judgement.parse(outcome.sample);
    case "failed":
      return { verdict: "down", reason: "refused", code: outcome.error.code ?? "none", words: "refused" };
    case "timed-out":
      return { verdict: "down", reason: "timed-out", words: "no answer" };
  }
}

const TIMING = {
  retryIntervalMs: 1000,
  monitorTimeoutMs: 1000,
  accessTimeoutMs: 200,
  healthPrecision: 1,
  healthyThreshold: 1,
  unhealthyThreshold: 2,
  fastRefuse: false,
} as const;

/** Makes a target with a plugin of its own; `own` replaces parts of the plugin. */
export function createFakeTarget(behaviour: Behaviour, own: Partial<MonitorPlugin> = {}): FakeTarget {
  const sessions: FakeSession[] = [];
  const begun: number[] = [];
  let behave = behaviour;
  let running = 0;
  let most = 0;

  async function probe(session: FakeSession): Promise<unknown> {
    session.probes += 1;
    begun.push(Date.now());
    running += 1;
    most = Math.max(most, running);
    try {
      return await behave();
    } finally {
      running -= 1;
    }
  }

  const plugin: MonitorPlugin = {
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
    open(_settings, context): ProbeSession {
      const session: FakeSession = { probes: 0, destroyed: 0, closeByPeer: () => context.onClosed() };
      sessions.push(session);
      return {
        probe: () => probe(session),
        destroy: () => {
          session.destroyed += 1;
        },
      };
    },
    source: () => null,
    judge,
    ...own,
  };
  return {
    plugin,
    sessions,
    probedAt: (sinceMs) => begun.map((atMs) => atMs - sinceMs),
    mostAtOnce: () => most,
    behave(next) {
      behave = next;
    },
  };
}
