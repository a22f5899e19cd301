import { generateKeyPairSync } from "node:crypto";
import { AGENT_ROUTES_PATH, renderPoint, type ToldRoutes } from "@evenkeel/contracts/told-routes";
import { afterEach, beforeEach, expect, it, test } from "vitest";
import { type ApplicationListener, listenForApplications } from "../../../agents/applications/listen.ts";
import { createAskElsewhere } from "../../../sdk/route/ask-elsewhere.ts";
import { makeRoute } from "../../sdk/make-route.ts";

const HERE = { host: "127.0.0.1", port: 0 };
const TOLD: ToldRoutes = { v: 1, routes: { db: makeRoute(7) }, pending: ["cache"] };
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = renderPoint(keys.publicKey.export({ format: "jwk" })) ?? "";

let told: ToldRoutes | null = TOLD;
let nowMs = 0;
let listener: ApplicationListener;

beforeEach(async () => {
  told = TOLD;
  const ports = {
    instanceId: "inst",
    privateKey: keys.privateKey.export({ format: "jwk" }) as Record<string, unknown>,
    clock: { now: () => nowMs },
    tell: (applicationId: string) => (applicationId === "shop" ? told : null),
  };
  listener = await listenForApplications(HERE, ports, () => undefined);
});
afterEach(() => listener.close());

const address = () => `127.0.0.1:${listener.port}`;
const send = (init: RequestInit, path = AGENT_ROUTES_PATH) => fetch(`http://${address()}${path}`, init);
const ask = (more: { key?: string; appId?: string; instanceId?: string } = {}) =>
  createAskElsewhere({
    props: {
      version: "v1",
      instanceId: more.instanceId ?? "inst",
      appId: more.appId ?? "shop",
      monitorId: "db",
    },
    fallback: { agents: [{ address: address(), key: more.key ?? key }] },
  })?.(AbortSignal.timeout(5000));

it("tells an application its routes", async () => {
  expect(await ask()).toEqual({ by: "agent", told: TOLD });
});

it("says that it does not know the latest ones, and the application asks somebody else", async () => {
  told = null;
  expect(await ask()).toBeNull();
  expect(await ask({ appId: "bank" })).toBeNull();
  expect(await ask({ instanceId: "other" })).toBeNull();
});

it("is not believed under another agent's key", async () => {
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
  expect(await ask({ key: renderPoint(stranger.publicKey.export({ format: "jwk" })) ?? "" })).toBeNull();
});

test.each([
  ["a question that is none", 400, { method: "POST", body: "{}" }, AGENT_ROUTES_PATH],
  ["text that is not JSON", 400, { method: "POST", body: "?" }, AGENT_ROUTES_PATH],
  ["a question that is too long", 400, { method: "POST", body: "x".repeat(4000) }, AGENT_ROUTES_PATH],
  ["a page", 404, { method: "GET" }, AGENT_ROUTES_PATH],
  ["another path", 404, { method: "POST", body: "{}" }, "/metrics"],
])("answers %s with %i", async (_what, status, init, path) => {
  const response = await send(init, path);
  expect(response.status).toBe(status);
  expect(await response.text()).toBe("");
});

it("answers so many questions a second and no more", async () => {
  const statuses = new Map<number, number>();
  for (let turn = 0; turn < 26; turn += 1) {
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => (await send({ method: "POST", body: "{}" })).status),
    );
    for (const status of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect(Object.fromEntries(statuses)).toEqual({ 400: 500, 503: 20 });
  nowMs += 1000;
  expect((await send({ method: "POST", body: "{}" })).status).toBe(400);
});
