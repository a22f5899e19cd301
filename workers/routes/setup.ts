import { SetupRequest, Whoami } from "@evenkeel/contracts/api";
import { AppError } from "@evenkeel/contracts/errors";
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { hashPassword } from "../auth/passwords.ts";
import { isSameSecret, mintId } from "../auth/secrets.ts";
import { prepareSession, sendSessionCookie } from "../auth/sign-in.ts";
import { change } from "../db/audit.ts";
import { within } from "../db/open.ts";
import { users } from "../db/schema.ts";
import { withCatalogue } from "../scope.ts";
import { accept, json } from "../validation.ts";
import { showPrincipal } from "./show-principal.ts";

/** Creates the owner, once, with the token that the control plane printed at its first start. */
export const setupRoutes = new Hono<AppEnv>().use(withCatalogue).post(
  "/",
  describeRoute({
    summary: "Create the owner",
    tags: ["session"],
    responses: { 201: json("The owner, signed in", Whoami) },
  }),
  accept("json", SetupRequest),
  async (c) => {
    const { token, name, password } = c.req.valid("json");
    const expected = c.env.EVENKEEL_SETUP_TOKEN ?? "";
    const isRight = await isSameSecret(token, expected);
    if (expected === "" || !isRight) {
      throw new AppError(
        "token-invalid",
        "This is not the set-up token that the control plane was started with",
      );
    }
    const catalogue = c.get("catalogue");
    if ((await within(catalogue.select({ id: users.id }).from(users).limit(1))).length > 0) throw refuse();
    const owner = {
      id: mintId("usr"),
      name,
      role: "owner" as const,
      passwordHash: await hashPassword(password),
      createdAtMs: Date.now(),
    };
    const session = await prepareSession(c, owner);
    // The session refers to the user, so of two set-ups at once the later one finds no such user and changes nothing.
    const insertFirst = catalogue
      .insert(users)
      .select(
        sql`select ${owner.id}, ${owner.name}, ${owner.passwordHash}, ${owner.role}, ${owner.createdAtMs} where not exists (select 1 from users)`,
      );
    await change(
      c,
      [insertFirst, session.statement],
      { action: "create owner", resource: owner.id, after: { name, role: owner.role } },
      session.principal,
    ).catch((error: unknown) => {
      const lost = error instanceof AppError && error.code === "state-changed";
      throw lost ? refuse() : error;
    });
    sendSessionCookie(c, session.token);
    return c.json(showPrincipal(session.principal), 201);
  },
);

function refuse(): AppError {
  return new AppError(
    "already-set-up",
    "The owner exists already; sign in, or ask the owner for a login code",
  );
}
