import { setTimeout as pause } from "node:timers/promises";
import { connectEndpoint, type EndpointConnection } from "@evenkeel/route-store/gateway";
import type { GatewayRequest } from "@evenkeel/route-store/gateway-outcome";
import { type RouteStoreOptions, toEndpoint } from "@evenkeel/route-store/options";
import { z } from "zod";

/** Longest wait for one member: making a user hashes its password. */
const ANSWER_MS = 5000;
/** Rounds over all members before they count as away, and the pause between two: an election takes about a second. */
const ROUNDS = 5;
const ROUND_PAUSE_MS = 500;

/** An answer of the cluster: what it said, or why it did not, in words. */
export type AdminAnswer =
  | { readonly kind: "done"; readonly body: unknown }
  | { readonly kind: "refused"; readonly words: string }
  | { readonly kind: "away"; readonly words: string };

/** Administers users and roles of a cluster through its gateway. */
export interface EtcdAdmin {
  /** Calls as whoever logged in last, or as nobody. */
  call(path: string, body: object): Promise<AdminAnswer>;
  /** @returns null if the calls from now on are this user's, or what came instead of a token */
  logIn(name: string, password: string): Promise<Exclude<AdminAnswer, { kind: "done" }> | null>;
  close(): void;
}

interface Member {
  readonly name: string;
  readonly connection: EndpointConnection;
}

const LoginAnswer = z.object({ token: z.string().min(1) });

/**
 * Opens a cluster for administration.
 *
 * @param endpoints the members' URLs
 * @param tls certificates; undefined for plain HTTP
 */
export function openAdmin(endpoints: readonly string[], tls: RouteStoreOptions["tls"]): EtcdAdmin {
  const members = endpoints.map((url): Member => {
    const endpoint = toEndpoint(url, tls !== undefined);
    return { name: endpoint.name, connection: connectEndpoint(endpoint, tls, ANSWER_MS) };
  });
  let token: string | null = null;

  async function call(path: string, body: object): Promise<AdminAnswer> {
    const words = new Map<string, string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      if (round > 0) await pause(ROUND_PAUSE_MS);
      for (const member of members) {
        const request = { path, body: JSON.stringify(body), token, timeoutMs: ANSWER_MS };
        const answer = await ask(member, request, words);
        if (answer !== null) return answer;
      }
    }
    return { kind: "away", words: [...words].map(([name, said]) => `${name}: ${said}`).join("; ") };
  }

  return {
    call,
    async logIn(name, password) {
      const answer = await call("/v3/auth/authenticate", { name, password });
      if (answer.kind !== "done") return answer;
      const parsed = LoginAnswer.safeParse(answer.body);
      if (!parsed.success) return { kind: "refused", words: "a login was answered without a token" };
      token = parsed.data.token;
      return null;
    },
    close() {
      for (const member of members) member.connection.close();
    },
  };
}

/** @returns null if another member, or the same one later, may do better */
async function ask(
  member: Member,
  request: GatewayRequest,
  words: Map<string, string>,
): Promise<AdminAnswer | null> {
  const outcome = await member.connection.post(request);
  if (outcome.kind === "answered") return { kind: "done", body: outcome.body };
  if (outcome.kind === "refused" && outcome.verdict.kind !== "retry")
    return { kind: "refused", words: `${member.name}: ${outcome.verdict.message}` };
  words.set(member.name, outcome.kind === "refused" ? outcome.verdict.message : outcome.failure.message);
  return null;
}
