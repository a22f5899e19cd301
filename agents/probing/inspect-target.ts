import type { Heartbeat, TargetFacts } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import { judgeHeartbeat } from "@evenkeel/core/health/heartbeat";
import { type RanProbe, runProbe } from "./run-probe.ts";

/** A test may take so long beyond the access timeout, in milliseconds. */
const FURTHER_MS = 1000;
/** The row that the heartbeat account's rights are tried with; nothing is written. */
const SOURCE = "evenkeel-test";

/** What a test tells beside the judgement. */
export interface TestedMore {
  readonly facts?: TargetFacts;
  readonly heartbeat?: Heartbeat;
}

/** A target that was probed by a test. */
export interface TestedTarget {
  readonly plugin: MonitorPlugin;
  readonly settings: Record<string, unknown>;
  readonly context: ProbeContext;
  readonly session: ProbeSession;
  readonly ran: RanProbe;
}

/**
 * Asks a target that was reached what else a person wants to know, and its heartbeat account whether it could write.
 * Both together take until a second after the access timeout at most.
 *
 * @param tested the target
 * @returns what was found in time; it never rejects
 */
export async function inspectTarget(tested: TestedTarget): Promise<TestedMore> {
  const { ran, context, session } = tested;
  if (ran.type === "void" || ran.outcome.type !== "answered") return {};
  const leftMs = context.accessTimeoutMs + FURTHER_MS - (ran.endedAtMs - ran.startedAtMs);
  const [facts, heartbeat] = await Promise.all([inspect(session, leftMs), checkHeartbeat(tested, leftMs)]);
  const lacks = heartbeat?.advice === undefined ? [] : [{ right: "heartbeat", statement: heartbeat.advice }];
  return {
    ...(facts === null ? {} : { facts: { ...facts, missing: [...facts.missing, ...lacks] } }),
    ...(heartbeat === null ? {} : { heartbeat }),
  };
}

async function inspect(session: ProbeSession, leftMs: number): Promise<TargetFacts | null> {
  const { inspect: ask } = session;
  if (ask === undefined) return null;
  const ran = await runProbe({ probe: ask, destroy: session.destroy }, leftMs);
  if (ran.type === "void" || ran.outcome.type !== "answered") return null;
  return ran.outcome.sample as TargetFacts;
}

async function checkHeartbeat(
  { plugin: { heartbeat }, settings, context }: TestedTarget,
  leftMs: number,
): Promise<Heartbeat | null> {
  if (heartbeat?.isWanted(settings) !== true) return null;
  const session = heartbeat.open(settings, context, SOURCE);
  const watched = { probe: () => session.check(), destroy: session.destroy };
  const ran = await runProbe(watched, leftMs).finally(() => session.destroy());
  if (ran.type === "void") return { writable: null, rpoMs: null };
  const { outcome } = ran;
  if (outcome.type === "answered") {
    return { writable: null, rpoMs: null, words: "the account is let in; a test writes nothing" };
  }
  const loggedIn = session.isLoggedIn();
  const end =
    outcome.type === "timed-out"
      ? ({ type: "hung", afterMs: outcome.afterMs, loggedIn } as const)
      : ({ type: "failed", judgement: heartbeat.judge(outcome, settings), loggedIn } as const);
  return { ...judgeHeartbeat(end), writable: null, rpoMs: null };
}
