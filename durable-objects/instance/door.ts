import { Principal } from "@evenkeel/contracts/principal";
import { z } from "zod";
import type { KnownAgent } from "./ports.ts";

/** Header in which the Worker says who connects; it never comes from outside, because the Worker makes the request. */
export const CALLER_HEADER = "x-evenkeel-caller";

/** Who connects, as the Worker says. `agent` null: the catalogue is dead, so the object must know the agent itself. */
export const SocketCaller = z.discriminatedUnion("role", [
  z.object({
    role: z.literal("agent"),
    id: z.string(),
    hash: z.string(),
    agent: z.object({ name: z.string(), site: z.string(), publicKey: z.string() }).nullable(),
  }),
  z.object({ role: z.literal("console"), principal: Principal }),
]);
/** Who connects, as the Worker says. */
export type SocketCaller = z.infer<typeof SocketCaller>;

/** Who may come in, or the refusal. `publicKey` null: nobody said it now, so that what is known of it stays. */
export type Door =
  | {
      readonly ok: true;
      readonly role: "agent";
      readonly agent: KnownAgent;
      readonly publicKey: string | null;
    }
  | { readonly ok: true; readonly role: "console"; readonly principal: Principal }
  | { readonly ok: false; readonly response: Response };

/**
 * Decides whether a request may become a WebSocket.
 *
 * @param request the Worker's request
 * @param inside whether the object has a plan, and the agents that it knows
 * @returns who comes in; else the response
 */
export function openDoor(
  request: Request,
  inside: { readonly isReady: boolean; readonly knownAgents: readonly KnownAgent[] },
): Door {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return refuse(426);
  const caller = SocketCaller.safeParse(readJson(request.headers.get(CALLER_HEADER)));
  if (!caller.success) return refuse(400);
  if (!inside.isReady) return refuse(404);
  if (caller.data.role === "console") return { ok: true, ...caller.data };
  const { id, hash, agent } = caller.data;
  if (agent !== null) {
    const { name, site, publicKey } = agent;
    return { ok: true, role: "agent", agent: { id, hash, name, site }, publicKey };
  }
  const known = inside.knownAgents.find((one) => one.id === id && one.hash === hash);
  return known === undefined ? refuse(401) : { ok: true, role: "agent", agent: known, publicKey: null };
}

function refuse(status: number): Door {
  return { ok: false, response: new Response(null, { status }) };
}

function readJson(text: string | null): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    // Without a readable caller the request is refused as one that says nothing.
    return null;
  }
}
