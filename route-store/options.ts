import { z } from "zod";

/** Endpoints of one store: three or five members are usual. */
const MAX_ENDPOINTS = 16;
const MAX_CALL_DEADLINE_MS = 60_000;

/** An etcd client address: `host:port`, or a URL when the scheme is to be said. */
const EndpointAddress = z
  .string()
  .max(300)
  .regex(
    /^(https?:\/\/)?(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}\/?$/,
    "an endpoint is host:port, http://host:port or https://host:port",
  );

/** TLS material as PEM text. `serverName` is verified instead of the endpoint's host. */
export const RouteStoreTls = z.object({
  ca: z.string().optional(),
  cert: z.string().optional(),
  key: z.string().optional(),
  serverName: z.string().optional(),
});

/**
 * What `openRouteStore` needs to know.
 *
 * `endpoints` stand in order of preference, the nearest first. `deadlineMs` bounds a call as a whole, `tryMs` bounds it
 * at one endpoint, so that a hung member does not use up the deadline.
 */
export const RouteStoreOptions = z.object({
  endpoints: z.array(EndpointAddress).min(1).max(MAX_ENDPOINTS),
  user: z.string().min(1).max(200).optional(),
  password: z.string().max(1000).optional(),
  tls: RouteStoreTls.optional(),
  deadlineMs: z.number().int().min(50).max(MAX_CALL_DEADLINE_MS).default(2000),
  tryMs: z.number().int().min(20).max(MAX_CALL_DEADLINE_MS).default(500),
});
export type RouteStoreOptions = z.infer<typeof RouteStoreOptions>;

/** One member of the store: its URL for connecting and its name in messages. */
export interface Endpoint {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  /** `host:port`. */
  readonly name: string;
}

/**
 * Turns an address into an endpoint. Without a scheme, TLS settings mean https.
 *
 * @param address an address that `RouteStoreOptions` accepted
 * @param secure true if TLS settings were given
 * @returns the endpoint
 */
export function toEndpoint(address: string, secure: boolean): Endpoint {
  const name = address.replace(/^https?:\/\//, "").replace(/\/$/, "");
  const scheme =
    address.startsWith("https://") || (secure && !address.startsWith("http://")) ? "https" : "http";
  return { url: `${scheme}://${name}`, name };
}
