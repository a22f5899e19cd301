import { Enrolled, EnrolRequest, QUOTAS } from "@evenkeel/contracts/api";
import { AppError } from "@evenkeel/contracts/errors";
import { and, eq, isNull } from "drizzle-orm";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { mintAgentId, mintSecret, readSecret } from "../auth/secrets.ts";
import { change } from "../db/audit.ts";
import { type Catalogue, within } from "../db/open.ts";
import { agents, enrolmentTokens, sites } from "../db/schema.ts";
import { openInstance } from "../environment.ts";
import { checkQuota, withCatalogue } from "../scope.ts";
import { accept, json } from "../validation.ts";

/** Turns a one-time enrolment token into an agent; the only proof of identity is the token itself. */
export const enrolRoutes = new Hono<AppEnv>().use(withCatalogue).post(
  "/",
  describeRoute({
    summary: "Enrol an agent",
    tags: ["agents"],
    responses: { 201: json("The agent; its token is shown once", Enrolled) },
  }),
  accept("json", EnrolRequest),
  async (c) => {
    const { token, name, publicKey, host } = c.req.valid("json");
    const catalogue = c.get("catalogue");
    const { enrolment, site } = await findEnrolment(catalogue, token);
    const { instanceId, siteId } = enrolment;
    const used = await within(catalogue.$count(agents, eq(agents.instanceId, instanceId)));
    checkQuota("agents", QUOTAS.agents, used);
    const secret = await mintSecret("agent", mintAgentId(instanceId));
    const now = Date.now();
    await burn(catalogue, enrolment.id, secret.id, now);
    const row = { id: secret.id, instanceId, siteId, name, host, publicKey, createdAtMs: now };
    const entry = { action: "enrol agent", resource: row.id, instanceId, after: row };
    const statement = catalogue.insert(agents).values({ ...row, secretHash: secret.hash });
    await change(c, [statement], entry, `enrolment token ${enrolment.id}`).catch(async (error: unknown) => {
      // Nothing was enrolled, so the token is given back: a name that is taken must not cost it.
      await giveBack(catalogue, enrolment.id);
      throw error;
    });
    const known = { id: row.id, name, site: siteId, hash: secret.hash };
    await openInstance(c.env, instanceId).enrolled(known, JSON.stringify(publicKey));
    return c.json({ agentId: row.id, agentToken: secret.token, instanceId, site, siteId }, 201);
  },
);

async function findEnrolment(catalogue: Catalogue, token: string) {
  const secret = await readSecret(token);
  const invalid = new AppError("token-invalid", "This enrolment token does not exist; ask for a new one");
  if (secret?.kind !== "enrol") throw invalid;
  const found = await within(
    catalogue
      .select({ enrolment: enrolmentTokens, site: sites.name })
      .from(enrolmentTokens)
      .innerJoin(sites, eq(sites.id, enrolmentTokens.siteId))
      .where(eq(enrolmentTokens.secretHash, secret.hash))
      .get(),
  );
  if (found === undefined) throw invalid;
  if (found.enrolment.usedAtMs !== null) throw alreadyUsed();
  if (found.enrolment.expiresAtMs <= Date.now()) {
    throw new AppError("token-expired", "This enrolment token has expired; ask for a new one");
  }
  return found;
}

/** Marks the token as used in one statement, so that of two agents with one token only one gets in. */
async function burn(catalogue: Catalogue, id: string, agentId: string, now: number): Promise<void> {
  const burnt = await within(
    catalogue
      .update(enrolmentTokens)
      .set({ usedAtMs: now, usedBy: agentId })
      .where(and(eq(enrolmentTokens.id, id), isNull(enrolmentTokens.usedAtMs)))
      .returning({ id: enrolmentTokens.id }),
  );
  if (burnt.length === 0) throw alreadyUsed();
}

async function giveBack(catalogue: Catalogue, id: string): Promise<void> {
  const statement = catalogue.update(enrolmentTokens).set({ usedAtMs: null, usedBy: null });
  await within(statement.where(eq(enrolmentTokens.id, id)));
}

function alreadyUsed(): AppError {
  return new AppError("token-used", "This enrolment token was used already; each works once");
}
