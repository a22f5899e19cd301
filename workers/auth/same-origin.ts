import { AppError } from "@evenkeel/contracts/errors";

/** Methods that change nothing. */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Refuses a request that another site's page made a browser send with its cookie: everything that changes something,
 * and every WebSocket, must come from a page of this host.
 *
 * @param request the request
 * @throws AppError forbidden
 */
export function checkSameOrigin(request: Request): void {
  const isSocket = request.headers.get("upgrade")?.toLowerCase() === "websocket";
  if (SAFE_METHODS.has(request.method) && !isSocket) return;
  const origin = request.headers.get("origin");
  // Only the host is compared: behind a proxy that ends TLS the scheme that the Worker sees is not the browser's.
  if (origin !== null && readHost(origin) === new URL(request.url).host) return;
  throw new AppError("forbidden", "A request with a cookie must come from a page of this control plane");
}

function readHost(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
