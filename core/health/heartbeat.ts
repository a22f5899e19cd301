import { type Heartbeat, type Judgement, WORDS_MAX } from "@evenkeel/contracts/observation";
import type { Route } from "@evenkeel/contracts/route";
import { compareLineage } from "../switching/lineage.ts";

/** How long everybody must have agreed on a route before heartbeats are written to its active side, in milliseconds. */
export const HEARTBEAT_SETTLE_MS = 5000;

/**
 * Somebody who is heard now and tells where a monitor's writes go. `control-plane`: in the present connection.
 * `shared-store`: a store that every site's agents write to, so that no switch passes it by. `site-store`: one of some
 * sites only, which a switch may pass by while those are cut off.
 */
export interface RouteWitness {
  readonly by: "control-plane" | "shared-store" | "site-store";
  /** What it tells; null: no route, or nothing that can be read. */
  readonly route: Route | null;
}

/** Why an agent writes no heartbeat anywhere. */
export type HeartbeatRest = "nobody-tells" | "unsettled" | "retired" | "writes-stopped" | "settling";

/** What the witnesses come to. */
export type RouteAgreement =
  | { readonly type: "agreed"; readonly route: Route }
  | { readonly type: "rest"; readonly why: HeartbeatRest };

/** What an agent does about one data centre of a monitor. */
export type HeartbeatDuty =
  | { readonly type: "write" | "read" }
  | { readonly type: "rest"; readonly why: HeartbeatRest };

/**
 * Computes whether the witnesses of a monitor's route agree, because a heartbeat is never written on a guess: a row on
 * the side that is not active is divergence. All who are heard have to name the same decision; while one is behind,
 * ahead or at odds a switch is under way. A store of some sites only proves nothing by itself, because a switch may have
 * passed it by.
 *
 * @param witnesses everybody who is heard now
 */
export function agreeOnRoute(witnesses: readonly RouteWitness[]): RouteAgreement {
  const route = witnesses.find((witness) => witness.by !== "site-store")?.route;
  if (route === undefined) return { type: "rest", why: "nobody-tells" };
  if (route === null) return { type: "rest", why: "unsettled" };
  const agree = witnesses.every(
    (witness) => witness.route !== null && compareLineage(witness.route, route, []) === "same",
  );
  if (!agree) return { type: "rest", why: "unsettled" };
  if (route.phase === "retired") return { type: "rest", why: "retired" };
  return { type: "agreed", route };
}

/**
 * Computes what an agent does about one data centre: it writes to the active side alone, once everybody has agreed on
 * it for long enough and while the route allows writes there, and reads its row everywhere else.
 *
 * @param agreement what the witnesses came to
 * @param agreedForMs how long they have agreed on this very route, in milliseconds
 * @param dataCentre the data centre
 * @param settleMs how long is long enough, in milliseconds
 */
export function computeHeartbeatDuty(
  agreement: RouteAgreement,
  agreedForMs: number,
  dataCentre: string,
  settleMs = HEARTBEAT_SETTLE_MS,
): HeartbeatDuty {
  if (agreement.type === "rest") return agreement;
  const { active, dataCentres } = agreement.route;
  if (dataCentre !== active) return { type: "read" };
  if (dataCentres[active]?.writable === false) return { type: "rest", why: "writes-stopped" };
  return agreedForMs < settleMs ? { type: "rest", why: "settling" } : { type: "write" };
}

/** What keeps a server from answering a write while it answers reads. */
const HUNG_ADVICE = "look for a full disk, a lock, or a replica that commits wait for";

/** How the writing of a heartbeat ended. */
export type HeartbeatEnd =
  | { readonly type: "written" }
  | {
      readonly type: "failed";
      /** What the plugin makes of the error. */
      readonly judgement: Judgement;
      /** False: it failed before the account was let in, which says nothing about writing. */
      readonly loggedIn: boolean;
    }
  | { readonly type: "hung"; readonly afterMs: number; readonly loggedIn: boolean };

/**
 * Judges a heartbeat: only a server that lets the account in and then refuses or keeps back its write is known not to
 * take writes. A refused login, a missing right or a lost connection leave that open; the probe tells of the rest.
 *
 * @param end how the write ended
 * @returns what is known of writing there
 */
export function judgeHeartbeat(end: HeartbeatEnd): Omit<Heartbeat, "rpoMs"> {
  if (end.type === "written") return { writable: true };
  if (end.type === "hung") {
    const what = end.loggedIn ? "a write" : "the login of the heartbeat account";
    const words = `${what} was not answered within ${Math.round(end.afterMs)} ms`;
    if (!end.loggedIn) return { writable: null, reason: "timed-out", words };
    return { writable: false, reason: "timed-out", words, advice: HUNG_ADVICE };
  }
  const { verdict, reason, code, words, advice } = end.judgement;
  const isRefusal = end.loggedIn && (verdict === "read_only" || verdict === "degraded");
  return {
    writable: isRefusal ? false : null,
    reason,
    ...(code === undefined ? {} : { code }),
    words,
    ...(advice === undefined ? {} : { advice }),
  };
}

/**
 * Puts what heartbeats say over the judgement of a probe: a server that answers but takes no writes is `read_only` or
 * `degraded`, so that the monitor's policy decides; it is never down by itself, and one that is not up keeps its verdict
 * [SAFE-5].
 *
 * @param main the probe's judgement
 * @param heartbeat the last heartbeat there; null: none
 */
export function overlayHeartbeat(main: Judgement, heartbeat: Omit<Heartbeat, "rpoMs"> | null): Judgement {
  if (main.verdict !== "up" || heartbeat?.writable !== false) return main;
  const { reason = "timed-out", code, words = "", advice } = heartbeat;
  return {
    verdict: reason === "read-only" ? "read_only" : "degraded",
    reason,
    ...(code === undefined ? {} : { code }),
    words: `reads are answered, writes are not: ${words}`.slice(0, WORDS_MAX),
    ...(advice === undefined ? {} : { advice }),
    ...(main.parts === undefined ? {} : { parts: main.parts }),
  };
}

/**
 * Puts together what several agents found out about one data centre: whoever could write proves that writes are taken,
 * and the smallest recovery point holds for all, because the rows of all travel in one stream.
 *
 * @param heartbeats of the agents, those of its own site first
 * @returns null where there are none
 */
export function combineHeartbeats(heartbeats: readonly Heartbeat[]): Heartbeat | null {
  const wrote = heartbeats.find(({ writable }) => writable === true);
  const speaks = wrote ?? heartbeats.find(({ writable }) => writable === false) ?? heartbeats[0];
  if (speaks === undefined) return null;
  const points = heartbeats.flatMap(({ rpoMs }) => rpoMs ?? []);
  return { ...speaks, rpoMs: points.length === 0 ? null : Math.min(...points) };
}
