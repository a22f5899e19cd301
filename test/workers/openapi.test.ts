import { exports } from "cloudflare:workers";
import { app } from "@evenkeel/workers/app";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { BASE } from "./control-plane.ts";

const Operation = z.looseObject({
  summary: z.string().min(5),
  tags: z.array(z.string()).min(1),
  responses: z.looseObject({}),
});
const Description = z.object({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
});

async function describeApi() {
  const response = await exports.default.fetch(`${BASE}/api/v1/openapi.json`);
  return Description.parse(await response.json());
}

describe("the API's description", () => {
  it("has every path that the API serves, each with a summary", async () => {
    const { paths } = await describeApi();
    const served = app.routes
      .filter(({ method, path }) => method !== "ALL" && path.startsWith("/api/v1/"))
      .map(
        ({ method, path }) =>
          `${method} ${path
            .slice("/api/v1".length)
            .replaceAll(/:(\w+)/g, "{$1}")
            .replace(/\/$/, "")}`,
      );
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => {
        Operation.parse(operation);
        return `${method.toUpperCase()} ${path.replace(/\/$/, "")}`;
      }),
    );
    const missing = new Set(served.filter((route) => !described.includes(route)));
    expect([...missing]).toEqual(["GET /health", "GET /openapi.json"]);
    expect(described.length).toBeGreaterThan(40);
  });
});
