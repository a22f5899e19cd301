/** What the address bar asks for, after its `#`. */
export type Route =
  | { readonly page: "home" }
  | { readonly page: "login"; readonly code: string }
  | { readonly page: "set-up"; readonly token: string }
  | { readonly page: "instance"; readonly instanceId: string; readonly monitorId: string | null }
  | { readonly page: "event"; readonly instanceId: string; readonly eventId: string };

/**
 * Reads the address bar.
 *
 * @param hash `location.hash`, with or without its `#`
 * @returns the page; home for anything unknown
 */
export function parseHash(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const [first, second, third, fourth] = path
    .split("/")
    .filter((part) => part !== "")
    .map(decode);
  const params = new URLSearchParams(query);
  if (first === "login") return { page: "login", code: params.get("code") ?? "" };
  if (first === "setup") return { page: "set-up", token: params.get("token") ?? "" };
  if (first !== "instances" || second === undefined) return { page: "home" };
  if (third === "events" && fourth !== undefined) {
    return { page: "event", instanceId: second, eventId: fourth };
  }
  const monitorId = third === "monitors" ? (fourth ?? null) : null;
  return { page: "instance", instanceId: second, monitorId };
}

/**
 * Renders the address of a page; one-time codes are never put into a link.
 *
 * @param route the page
 * @returns the hash with its `#`
 */
export function renderHash(route: Exclude<Route, { page: "login" | "set-up" }>): string {
  if (route.page === "home") return "#/";
  const base = `#/instances/${encodeURIComponent(route.instanceId)}`;
  if (route.page === "event") return `${base}/events/${encodeURIComponent(route.eventId)}`;
  return route.monitorId === null ? base : `${base}/monitors/${encodeURIComponent(route.monitorId)}`;
}

/** A part that is not valid percent-encoding is taken as it stands. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}
