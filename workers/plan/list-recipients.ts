import { eq } from "drizzle-orm";
import { type Catalogue, within } from "../db/open.ts";
import { agents } from "../db/schema.ts";
import type { Recipient } from "./seal.ts";

/**
 * Lists the agents of an instance that secrets are sealed to.
 *
 * @param catalogue the catalogue
 * @param instanceId id of the instance
 * @returns the agents
 */
export function listRecipients(catalogue: Catalogue, instanceId: string): Promise<Recipient[]> {
  return within(
    catalogue
      .select({ id: agents.id, publicKey: agents.publicKey })
      .from(agents)
      .where(eq(agents.instanceId, instanceId))
      .orderBy(agents.id),
  );
}
