import type { Context } from "hono";
import type { AppEnv } from "../app-env.ts";

/** Where the built console keeps its files with hashed names; nothing else is cached. */
const HASHED_FILES = "/assets/";
const NONCE_BYTES = 16;
/** In index.html this stands where the nonce belongs; the build writes it, the Worker replaces it. */
export const NONCE_MARK = "__EVENKEEL_NONCE__";

/**
 * Serves the console: files as they are, every other path as index.html (its router does the rest), with a content
 * security policy that allows only our own files and styles with this answer's nonce.
 *
 * @param c the request
 * @returns the answer
 */
export async function serveConsole(c: Context<AppEnv>): Promise<Response> {
  if (c.env.ASSETS === undefined) {
    return c.text("The console is not built; the API is under /api/v1", 404);
  }
  const asset = await c.env.ASSETS.fetch(c.req.raw);
  const isPage = asset.headers.get("content-type")?.startsWith("text/html") ?? false;
  const { pathname } = new URL(c.req.url);
  if (!isPage) return withHeaders(asset, asset.body, pathname.startsWith(HASHED_FILES));
  // A file that does not exist is answered with the page; a browser must not take that for a script.
  if (pathname.startsWith(HASHED_FILES)) return c.text("There is no such file", 404);
  const nonce = makeNonce();
  const page = (await asset.text()).replaceAll(NONCE_MARK, nonce);
  const response = withHeaders(asset, page, false);
  response.headers.set("content-security-policy", renderPolicy(nonce));
  response.headers.delete("etag");
  return response;
}

function renderPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function withHeaders(asset: Response, body: BodyInit | null, isHashed: boolean): Response {
  const headers = new Headers(asset.headers);
  headers.delete("content-length");
  headers.set("cache-control", isHashed ? "public, max-age=31536000, immutable" : "no-cache");
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  return new Response(body, { status: asset.status, headers });
}

function makeNonce(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(NONCE_BYTES))));
}
