import { CredentialsShare, CredentialsShared, CredentialsView } from "@evenkeel/contracts/api-credentials";
import { AppError } from "@evenkeel/contracts/errors";
import { eq } from "drizzle-orm";
import { type Context, Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { type AgentCaller, authenticateAgent } from "../auth/authenticate-agent.ts";
import { change, type Statement } from "../db/audit.ts";
import { within } from "../db/open.ts";
import { agents, sites } from "../db/schema.ts";
import { listNewRecipients } from "../plan/added-recipients.ts";
import { publishPlan, raiseRevision } from "../plan/publish.ts";
import { listSecretPlaces } from "../plan/secret-places.ts";
import { withCatalogue } from "../scope.ts";
import { accept, json } from "../validation.ts";

const tags = ["agents"];

/**
 * How an enrolled agent lets a new one open the instance's secrets. The control plane sees ciphertext only, and takes
 * nothing but further recipients of what it has. Mounted under `/agents/credentials`.
 */
export const agentCredentialRoutes = new Hono<AppEnv>()
  .use(withCatalogue)
  .get(
    "/",
    describeRoute({
      summary: "List sealed secrets and the agents' public keys (by an agent's token)",
      tags,
      responses: { 200: json("Ciphertext and public keys", CredentialsView) },
    }),
    async (c) => {
      const { instanceId } = await authenticateKnown(c);
      const catalogue = c.get("catalogue");
      const [rows, places] = await Promise.all([
        within(
          catalogue
            .select({ id: agents.id, name: agents.name, site: sites.name, publicKey: agents.publicKey })
            .from(agents)
            .innerJoin(sites, eq(sites.id, agents.siteId))
            .where(eq(agents.instanceId, instanceId))
            .orderBy(agents.id),
        ),
        listSecretPlaces(catalogue, instanceId),
      ]);
      const secrets = places.map(({ place, sealed }) => ({ place, sealed }));
      return c.json({ agents: rows, secrets } satisfies CredentialsView);
    },
  )
  .post(
    "/",
    describeRoute({
      summary: "Give sealed secrets further recipients (by an agent's token)",
      tags,
      responses: { 200: json("What was taken", CredentialsShared) },
    }),
    accept("json", CredentialsShare),
    async (c) => {
      const { instanceId, secret, agent } = await authenticateKnown(c);
      const catalogue = c.get("catalogue");
      const [places, known] = await Promise.all([
        listSecretPlaces(catalogue, instanceId),
        within(catalogue.select({ id: agents.id }).from(agents).where(eq(agents.instanceId, instanceId))),
      ]);
      const ids = new Set(known.map(({ id }) => id));
      const statements: Statement[] = [];
      const outdated: string[] = [];
      const added = new Set<string>();
      for (const { place, sealed } of c.req.valid("json").secrets) {
        const stored = places.find((one) => one.place === place);
        const fresh = stored === undefined ? null : listNewRecipients(stored.sealed, sealed, ids);
        if (stored === undefined || fresh === null) outdated.push(place);
        else {
          statements.push(stored.store(sealed));
          for (const id of fresh) added.add(id);
        }
      }
      if (statements.length > 0) {
        const entry = {
          action: "share secrets with agents",
          resource: secret.id,
          instanceId,
          after: { agents: [...added], secrets: statements.length },
        };
        await change(c, [...statements, raiseRevision(catalogue, instanceId)], entry, `agent ${agent.name}`);
        await publishPlan(c.env, catalogue, instanceId, null);
      }
      return c.json({ taken: statements.length, outdated } satisfies CredentialsShared);
    },
  );

async function authenticateKnown(
  c: Context<AppEnv>,
): Promise<AgentCaller & { readonly agent: NonNullable<AgentCaller["agent"]> }> {
  const caller = await authenticateAgent(c);
  if (caller.agent === null) throw new AppError("catalogue-unavailable", "Secrets cannot be read now");
  return { ...caller, agent: caller.agent };
}
