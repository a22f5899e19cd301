import { app } from "@evenkeel/workers/app";
import { describe, expect, it } from "vitest";
import { BASE } from "./control-plane.ts";

const PAGE =
  '<meta name="csp-nonce" content="__EVENKEEL_NONCE__"><script type="module" src="/assets/x.js"></script>';

/** Assets as the platform serves them: files that exist, and the page for everything else. */
const ASSETS = {
  fetch: async (request: Request) => {
    const isFile = new URL(request.url).pathname === "/assets/x.js";
    const headers = {
      "content-type": isFile ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8",
      etag: '"1"',
    };
    return new Response(isFile ? "let x" : PAGE, { headers });
  },
} as unknown as Fetcher;

function fetchPath(path: string, env: object = { ASSETS }): Promise<Response> {
  const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };
  const request = new Request(`${BASE}${path}`);
  return Promise.resolve(app.fetch(request, env as never, context as unknown as ExecutionContext));
}

describe("the console", () => {
  it("comes with a policy that allows our own files, and styles with this answer's nonce only", async () => {
    const [first, second] = await Promise.all([fetchPath("/"), fetchPath("/instances/ins_1")]);
    const nonce = /content="([^"]+)"/.exec(await first.text())?.[1] ?? "";
    const policy = first.headers.get("content-security-policy") ?? "";
    expect(nonce).toMatch(/^[A-Za-z0-9+/=]{22,}$/);
    expect(policy).toContain(`style-src 'self' 'nonce-${nonce}'`);
    expect(policy).toMatch(/default-src 'none'.*script-src 'self';.*frame-ancestors 'none'/);
    expect(policy).not.toContain("unsafe");
    expect(await second.text()).not.toContain(nonce);
    expect(first.headers.get("cache-control")).toBe("no-cache");
    expect(first.headers.get("etag")).toBeNull();
  });

  it("lets browsers keep files with hashed names, and nothing else", async () => {
    const file = await fetchPath("/assets/x.js");
    expect(await file.text()).toBe("let x");
    expect(file.headers.get("cache-control")).toContain("immutable");
    expect(file.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("does not answer a missing file with the page", async () => {
    expect((await fetchPath("/assets/gone.js")).status).toBe(404);
  });

  it("is missing without harm when it was not built", async () => {
    const response = await fetchPath("/", {});
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("/api/v1");
  });
});
