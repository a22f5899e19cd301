import type { Role } from "@evenkeel/contracts/api";
import { Whoami } from "@evenkeel/contracts/api";
import { z } from "zod";
import { type Answer, askApi } from "./request.ts";

/** Who is signed in. */
export type Who = z.infer<typeof Whoami>;

/** What is known of the person before the screen. */
export type Session =
  | { readonly type: "signed-in"; readonly who: Who }
  | { readonly type: "signed-out" }
  /** The control plane cannot say (its catalogue is down, or it is): it may still show and switch. */
  | { readonly type: "unknown" };

/**
 * Reads who is signed in from the answer to `GET /session`.
 *
 * @param answer the answer
 */
export function readSession(answer: Answer<Who>): Session {
  if (answer.ok) return { type: "signed-in", who: answer.value };
  const { failure } = answer;
  const refused = failure.reason === "problem" && failure.problem.status === 401;
  return { type: refused ? "signed-out" : "unknown" };
}

/**
 * Whether a person may switch. Who is unknown may try: the control plane checks again.
 *
 * @param role the person's role; null while it is unknown
 */
export function mayOperate(role: z.infer<typeof Role> | null): boolean {
  return role === null || role === "owner" || role === "operator";
}

/**
 * Whether a person may change settings. Who is unknown may try: the control plane checks again.
 *
 * @param role the person's role; null while it is unknown
 */
export function mayConfigure(role: z.infer<typeof Role> | null): boolean {
  return role === null || role === "owner" || role === "editor";
}

/** Asks who is signed in. */
export async function fetchSession(): Promise<Session> {
  return readSession(await askApi({ method: "GET", path: "/session", answer: Whoami }));
}

/**
 * Signs in with name and password.
 *
 * @param body name and password
 */
export function signIn(body: { readonly name: string; readonly password: string }): Promise<Answer<Who>> {
  return askApi({ method: "POST", path: "/session", body, answer: Whoami });
}

/**
 * Signs in with a one-time code.
 *
 * @param code the code of a login link
 */
export function redeemCode(code: string): Promise<Answer<Who>> {
  return askApi({ method: "POST", path: "/session/redeem", body: { code }, answer: Whoami });
}

/**
 * Creates the owner at the first start.
 *
 * @param body the one-time token, and the owner's name and password
 */
export function setUp(body: {
  readonly token: string;
  readonly name: string;
  readonly password: string;
}): Promise<Answer<Who>> {
  return askApi({ method: "POST", path: "/setup", body, answer: Whoami });
}

/** Signs out. */
export function signOut(): Promise<Answer<null>> {
  return askApi({ method: "DELETE", path: "/session", answer: z.null() });
}
