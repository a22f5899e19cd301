import type { StoreChange, StoredEntry } from "@evenkeel/contracts/route-store";
import { z } from "zod";
import { fromWire } from "./wire-encoding.ts";

/** The gateway writes 64-bit integers as strings and leaves out zeros. Revisions stay far below 2^53. */
const Int64 = z.union([z.string().regex(/^-?[0-9]+$/), z.number()]).transform(Number);
const Header = z.object({ cluster_id: z.string().default(""), revision: Int64.default(0) });
const KeyValue = z.object({
  key: z.string(),
  value: z.string().default(""),
  mod_revision: Int64.default(0),
});

/** Answer of `/v3/kv/range`. */
export const RangeAnswer = z.object({ header: Header, kvs: z.array(KeyValue).default([]) });
/** Answer of `/v3/kv/put`. */
export const PutAnswer = z.object({ header: Header });
/** Answer of `/v3/kv/txn` as `swapRequest` asks it. */
export const SwapAnswer = z.object({
  header: Header,
  succeeded: z.boolean().default(false),
  responses: z
    .array(z.object({ response_range: z.object({ kvs: z.array(KeyValue).default([]) }).optional() }))
    .default([]),
});
/** Answer of `/v3/lease/grant`. Lease ids use all 64 bits, so they stay text. */
export const GrantAnswer = z.object({ ID: z.string() });
/** Answer of `/v3/lease/keepalive`: a dead lease is answered with 200 and without `TTL`. */
export const KeepaliveAnswer = z.object({ result: z.object({ TTL: Int64.default(0) }) });
/** Answer of `/v3/auth/authenticate`. */
export const LoginAnswer = z.object({ token: z.string().min(1) });

/** What the gateway sends instead of an answer: gRPC's code and words. */
export const GatewayError = z.object({
  code: z.number().optional(),
  grpc_code: z.number().optional(),
  message: z.string().optional(),
  error: z.string().optional(),
});
export type GatewayError = z.infer<typeof GatewayError>;

const WatchEvent = z.object({ type: z.enum(["PUT", "DELETE"]).default("PUT"), kv: KeyValue });
/** One line of a watch stream. */
export const WatchFrame = z.object({
  result: z
    .object({
      header: Header,
      watch_id: Int64.default(0),
      created: z.boolean().default(false),
      canceled: z.boolean().default(false),
      compact_revision: Int64.default(0),
      cancel_reason: z.string().default(""),
      fragment: z.boolean().default(false),
      events: z.array(WatchEvent).default([]),
    })
    .optional(),
  error: GatewayError.optional(),
});
export type WatchFrame = z.infer<typeof WatchFrame>;
/** The useful part of a line of a watch stream. */
export type WatchResult = NonNullable<WatchFrame["result"]>;

/** Decodes a key of an answer. @returns the entry */
export function toEntry(kv: z.infer<typeof KeyValue>): StoredEntry {
  return { key: fromWire(kv.key), value: fromWire(kv.value), modRevision: kv.mod_revision };
}

/** Decodes an event of a watch. @returns the change; a deletion has the value `null` */
export function toChange(event: WatchResult["events"][number]): StoreChange {
  return {
    key: fromWire(event.kv.key),
    value: event.type === "DELETE" ? null : fromWire(event.kv.value),
    modRevision: event.kv.mod_revision,
  };
}
