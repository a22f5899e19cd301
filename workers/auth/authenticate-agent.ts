import { AppError } from "@evenkeel/contracts/errors";
import type { SocketCaller } from "@evenkeel/durable-objects/instance/door";
import { eq } from "drizzle-orm";
import type { Context } from "hono";
import type { AppEnv } from "../app-env.ts";
import { openCatalogue, within } from "../db/open.ts";
import { agents } from "../db/schema.ts";
import { findInstanceOf, type PresentedSecret, readSecret } from "./secrets.ts";

/** An agent that showed its token. */
export interface AgentCaller {
  readonly secret: PresentedSecret;
  readonly instanceId: string;
  /** Who it is; null: the catalogue is dead, so only its Instance knows it. */
  readonly agent: Extract<SocketCaller, { role: "agent" }>["agent"];
}

/**
 * Authenticates an agent by its token.
 *
 * @param c the request
 * @throws AppError unauthenticated
 */
export async function authenticateAgent(c: Context<AppEnv>): Promise<AgentCaller> {
  const token = /^Bearer\s+(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
  const secret = token === undefined ? null : await readSecret(token);
  if (secret?.kind !== "agent") throw refuseAgent();
  try {
    const catalogue = await openCatalogue(c.env.DB);
    const row = await within(catalogue.select().from(agents).where(eq(agents.secretHash, secret.hash)).get());
    if (row === undefined) throw refuseAgent();
    const agent = { name: row.name, site: row.siteId, publicKey: JSON.stringify(row.publicKey) };
    return { secret, instanceId: row.instanceId, agent };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "catalogue-unavailable") throw error;
    // The Instance knows its agents by the hashes of their tokens, so a dead catalogue locks none of them out.
    return { secret, instanceId: findInstanceOf(secret.id), agent: null };
  }
}

/** The refusal of a token that no agent has. */
export function refuseAgent(): AppError {
  return new AppError("unauthenticated", "This agent token is not valid; enrol the agent again");
}
