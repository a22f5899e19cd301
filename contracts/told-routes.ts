import { z } from "zod";
import { Route } from "./route.ts";

/**
 * The routes of an application as somebody else than its route store tells them: its site's agents, or the control plane.
 * An SDK asks them while the store does not answer. They tell only what a store has acknowledged, because anything else
 * is an intention that may still give way [SAFE-1].
 */

/** Monitors that one answer may name: those of an instance. */
const MONITORS_MAX = 100;
const MonitorId = z.string().min(1).max(64);

/** What agents and the control plane tell. */
export const ToldRoutes = z.object({
  v: z.literal(1),
  /** By monitor: the latest route, which some store holds. */
  routes: z
    .record(MonitorId, Route)
    .refine((routes) => Object.keys(routes).length <= MONITORS_MAX, `at most ${MONITORS_MAX} monitors`),
  /** Monitors whose latest change no store is known to hold yet, or whose stores disagree: ask again. */
  pending: z.array(MonitorId).max(MONITORS_MAX),
});
export type ToldRoutes = z.infer<typeof ToldRoutes>;

/** Where an agent answers questions about routes: `POST`, a {@link RoutesQuestion} as JSON. */
export const AGENT_ROUTES_PATH = "/v1/routes";
/** Bytes of a question at most. */
export const QUESTION_MAX_BYTES = 2048;
/** Bytes of an answer at most: every route with the longest reason. */
export const ANSWER_MAX_BYTES = 1024 * 1024;

/** A public key of P-256: its coordinates x and y (RFC 7518 §6.2.1), in base64url with a point between. */
export const PublicPoint = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/,
    "is to be a key of P-256: x and y in base64url with a point between",
  );

/**
 * Renders a public key as applications are given it.
 *
 * @param jwk a public key (RFC 7517)
 * @returns null: it is not of P-256
 */
export function renderPoint(jwk: {
  readonly crv?: unknown;
  readonly x?: unknown;
  readonly y?: unknown;
}): string | null {
  const { crv, x, y } = jwk;
  return crv === "P-256" ? (PublicPoint.safeParse(`${String(x)}.${String(y)}`).data ?? null) : null;
}

/** What an SDK asks an agent. The key is new with each question, so that an old answer answers nothing. */
export const RoutesQuestion = z.object({
  v: z.literal(1),
  instanceId: z.string().min(1).max(64),
  applicationId: z.string().min(1).max(64),
  key: PublicPoint,
});
export type RoutesQuestion = z.infer<typeof RoutesQuestion>;
