import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/**
 * Serves a file of the built console, and its page for every path that is none.
 *
 * @param dist where it was built
 * @param pathname of the request
 */
export function serveFile(dist: string, pathname: string): Response {
  const path = join(dist, pathname);
  const file = pathname !== "/" && existsSync(path) ? path : join(dist, "index.html");
  return new Response(readFileSync(file), {
    headers: { "content-type": TYPES[extname(file)] ?? "application/octet-stream" },
  });
}
