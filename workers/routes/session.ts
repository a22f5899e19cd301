import { LoginLink, LoginRequest, RedeemRequest, Whoami } from "@evenkeel/contracts/api";
import { AppError } from "@evenkeel/contracts/errors";
import { and, eq, gt, isNull } from "drizzle-orm";
import { Hono } from "hono";
import { describeRoute } from "hono-openapi";
import type { AppEnv } from "../app-env.ts";
import { authenticate, getPrincipal, may } from "../auth/authenticate.ts";
import { forgetEverywhere } from "../auth/forget.ts";
import { isPassword } from "../auth/passwords.ts";
import { mintSecret, readSecret } from "../auth/secrets.ts";
import { clearSessionCookie, prepareSession, sendSessionCookie } from "../auth/sign-in.ts";
import { countAttempt, forgiveAttempts } from "../auth/throttle.ts";
import { change } from "../db/audit.ts";
import { within } from "../db/open.ts";
import { loginLinks, sessions, users } from "../db/schema.ts";
import { withCatalogue } from "../scope.ts";
import { accept, json } from "../validation.ts";
import { showPrincipal } from "./show-principal.ts";

/** A login code is valid for so long, in milliseconds. */
const LINK_MS = 600_000;

/** Signing in and out, and who is signed in. */
export const sessionRoutes = new Hono<AppEnv>()
  .use(withCatalogue)
  .post(
    "/",
    describeRoute({ summary: "Sign in", tags: ["session"], responses: { 200: json("Signed in", Whoami) } }),
    accept("json", LoginRequest),
    async (c) => {
      const { name, password } = c.req.valid("json");
      const catalogue = c.get("catalogue");
      await countAttempt(catalogue, name, c.get("source"));
      const user = await within(catalogue.select().from(users).where(eq(users.name, name)).get());
      const isRight = await isPassword(password, user?.passwordHash ?? null);
      if (user === undefined || !isRight) throw new AppError("unauthenticated", "Name or password is wrong");
      await forgiveAttempts(catalogue, name, c.get("source"));
      const { statement, principal, token } = await prepareSession(c, user);
      await change(c, [statement], { action: "sign in", resource: user.id }, principal);
      sendSessionCookie(c, token);
      return c.json(showPrincipal(principal));
    },
  )
  .post(
    "/redeem",
    describeRoute({
      summary: "Sign in with a one-time login code",
      tags: ["session"],
      responses: { 200: json("Signed in", Whoami) },
    }),
    accept("json", RedeemRequest),
    async (c) => {
      const catalogue = c.get("catalogue");
      const code = await readSecret(c.req.valid("json").code);
      if (code?.kind !== "link") throw new AppError("token-invalid", "This is not a login code");
      // Marked as used and read in one statement, so that of two requests only one gets in.
      const [link] = await within(
        catalogue
          .update(loginLinks)
          .set({ usedAtMs: Date.now() })
          .where(
            and(
              eq(loginLinks.secretHash, code.hash),
              isNull(loginLinks.usedAtMs),
              gt(loginLinks.expiresAtMs, Date.now()),
            ),
          )
          .returning({ userId: loginLinks.userId }),
      );
      if (link === undefined) {
        throw new AppError("token-invalid", "This login code is wrong, was used already or has expired");
      }
      const user = await within(catalogue.select().from(users).where(eq(users.id, link.userId)).get());
      if (user === undefined) throw new AppError("token-invalid", "The user of this login code is gone");
      const { statement, principal, token } = await prepareSession(c, user);
      await change(c, [statement], { action: "sign in by code", resource: user.id }, principal);
      sendSessionCookie(c, token);
      return c.json(showPrincipal(principal));
    },
  )
  .use(authenticate)
  .get(
    "/",
    describeRoute({ summary: "Who am I", tags: ["session"], responses: { 200: json("The caller", Whoami) } }),
    may("read"),
    (c) => c.json(showPrincipal(getPrincipal(c))),
  )
  .delete(
    "/",
    describeRoute({
      summary: "Sign out",
      tags: ["session"],
      responses: { 204: { description: "Signed out" } },
    }),
    may("read"),
    async (c) => {
      const principal = getPrincipal(c);
      if (principal.kind !== "session") {
        throw new AppError("invalid-input", "An API token is not signed in; delete it under /tokens");
      }
      const statement = c.get("catalogue").delete(sessions).where(eq(sessions.id, principal.id));
      await change(c, [statement], { action: "sign out", resource: principal.id }, principal);
      await forgetEverywhere(c.env, c.get("catalogue"), principal.hash);
      clearSessionCookie(c);
      return c.body(null, 204);
    },
  )
  .post(
    "/links",
    describeRoute({
      summary: "Create a one-time login code",
      tags: ["session"],
      responses: { 201: json("The code; shown once", LoginLink) },
    }),
    may("administer"),
    async (c) => {
      const principal = getPrincipal(c);
      const catalogue = c.get("catalogue");
      const owner = await within(
        catalogue.select({ id: users.id }).from(users).where(eq(users.role, "owner")).limit(1).get(),
      );
      if (owner === undefined) throw new AppError("not-found", "There is no owner yet");
      const secret = await mintSecret("link");
      const expiresAtMs = Date.now() + LINK_MS;
      const row = { id: secret.id, userId: owner.id, secretHash: secret.hash, expiresAtMs };
      await change(
        c,
        [catalogue.insert(loginLinks).values(row)],
        { action: "create login code", resource: secret.id },
        principal,
      );
      return c.json({ code: secret.token, expiresAtMs }, 201);
    },
  );
