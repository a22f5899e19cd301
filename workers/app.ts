import { BODY_MAX_BYTES } from "@evenkeel/contracts/api";
import { AppError } from "@evenkeel/contracts/errors";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { openAPIRouteHandler } from "hono-openapi";
import type { AppEnv } from "./app-env.ts";
import { mintId } from "./auth/secrets.ts";
import { answerProblem } from "./problems.ts";
import { agentCredentialRoutes } from "./routes/agent-credentials.ts";
import { agentSocketRoutes } from "./routes/agent-socket.ts";
import { agentRoutes } from "./routes/agents.ts";
import { applicationRoutes } from "./routes/applications.ts";
import { auditRoutes } from "./routes/audit.ts";
import { batchRoutes } from "./routes/batches.ts";
import { commandRoutes } from "./routes/commands.ts";
import { serveConsole } from "./routes/console.ts";
import { enrolRoutes } from "./routes/enrol.ts";
import { enrolmentTokenRoutes } from "./routes/enrolment-tokens.ts";
import { instanceRoutes } from "./routes/instances.ts";
import { kindRoutes } from "./routes/kinds.ts";
import { liveRoutes } from "./routes/live.ts";
import { monitorTestRoutes } from "./routes/monitor-test.ts";
import { monitorRoutes } from "./routes/monitors.ts";
import { namespaceRoutes } from "./routes/namespaces.ts";
import { sdkConfigRoutes } from "./routes/sdk-config.ts";
import { sessionRoutes } from "./routes/session.ts";
import { settingsRoutes } from "./routes/settings.ts";
import { setupRoutes } from "./routes/setup.ts";
import { siteRoutes } from "./routes/sites.ts";
import { storeRoutes } from "./routes/stores.ts";
import { tokenRoutes } from "./routes/tokens.ts";

const UNKNOWN_SOURCE = "unknown";
const SOURCE_MAX = 100;

const api = new Hono<AppEnv>()
  .use(
    bodyLimit({
      maxSize: BODY_MAX_BYTES,
      onError: () => {
        throw new AppError("payload-too-large", `A request may have ${BODY_MAX_BYTES} bytes`);
      },
    }),
  )
  .use(async (c, next) => {
    const hasBody = c.req.raw.body !== null;
    if (hasBody && !/^application\/json\b/i.test(c.req.header("content-type") ?? "")) {
      throw new AppError("invalid-input", "Send JSON, with `Content-Type: application/json`");
    }
    await next();
    // The answer to a WebSocket upgrade cannot be changed, nor cached.
    if (c.res.status === 101) return;
    c.header("cache-control", "no-store");
    // Cloudflare sends a date, workerd by itself does not; `evenkeel-agent doctor` compares clocks by it (RFC 9110 §6.6.1).
    c.header("date", new Date().toUTCString());
  })
  .get("/health", (c) => c.json({ status: "up" as const }))
  .route("/setup", setupRoutes)
  .route("/session", sessionRoutes)
  .route("/tokens", tokenRoutes)
  .route("/audit", auditRoutes)
  .route("/enrol", enrolRoutes)
  .route("/agents", agentSocketRoutes)
  .route("/agents/credentials", agentCredentialRoutes)
  .route("/kinds", kindRoutes)
  .route("/namespaces", namespaceRoutes)
  .route("/instances", instanceRoutes)
  .route("/instances/:instanceId/sites", siteRoutes)
  .route("/instances/:instanceId/applications", applicationRoutes)
  .route("/instances/:instanceId/agents", agentRoutes)
  .route("/instances/:instanceId/enrolment-tokens", enrolmentTokenRoutes)
  .route("/instances/:instanceId/settings", settingsRoutes)
  .route("/instances/:instanceId/stores", storeRoutes)
  .route("/instances/:instanceId/monitors/test", monitorTestRoutes)
  .route("/instances/:instanceId/monitors", monitorRoutes)
  .route("/instances/:instanceId/monitors/:monitorId/sdk-config", sdkConfigRoutes)
  .route("/instances/:instanceId/monitors/:monitorId", commandRoutes)
  .route("/instances/:instanceId", batchRoutes)
  .route("/instances/:instanceId", liveRoutes);

/** The whole Worker as an HTTP application: the API under /api/v1, the console everywhere else. */
export const app = new Hono<AppEnv>()
  .use(async (c, next) => {
    c.set("requestId", mintId("req"));
    c.set("source", readSource(c.req.raw.headers));
    await next();
  })
  .route("/api/v1", api)
  .get(
    "/api/v1/openapi.json",
    openAPIRouteHandler(api, {
      documentation: {
        info: { title: "Evenkeel", version: "1", description: "Errors are RFC 9457 problem details." },
        servers: [{ url: "/api/v1" }],
        components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
        security: [{ token: [] }],
      },
    }),
  )
  .all("/api/*", () => {
    throw new AppError("not-found", "The API has no such path; /api/v1/openapi.json lists them");
  })
  .get("*", serveConsole)
  .all("*", () => {
    throw new AppError("method-not-allowed", "Only GET works here");
  })
  .onError(answerProblem);

/**
 * Where a request comes from, for the audit and for throttling. Behind no proxy nobody says so, and what a proxy says is
 * believed: whoever exposes the control plane puts one in front that sets these headers.
 */
function readSource(headers: Headers): string {
  const forwarded = headers.get("x-forwarded-for")?.split(",")[0]?.trim();
  return (headers.get("cf-connecting-ip") ?? forwarded ?? UNKNOWN_SOURCE).slice(0, SOURCE_MAX);
}
