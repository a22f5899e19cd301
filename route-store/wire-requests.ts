import type { StorePut } from "@evenkeel/contracts/route-store";
import { prefixEnd, toWire } from "./wire-encoding.ts";

/** Ids of the two watches that share one stream. */
export const ROUTE_WATCH_ID = 1;
export const BEAT_WATCH_ID = 2;

/** A `RangeRequest` of one key or of a prefix. @returns the body */
export function rangeRequest(key: string, prefix: boolean): object {
  return prefix ? { key: toWire(key), range_end: prefixEnd(key) } : { key: toWire(key) };
}

/** A `PutRequest`. @returns the body */
export function putRequest(put: StorePut): object {
  const body = { key: toWire(put.key), value: toWire(put.value) };
  return put.lease === undefined ? body : { ...body, lease: put.lease };
}

/**
 * A `TxnRequest` that writes only if the first key still has its revision, and otherwise reads what stands there.
 *
 * @param put the key that is compared and written
 * @param expectedRevision its `mod_revision`; 0 means that it must not exist
 * @param also further keys of the same transaction
 * @returns the body
 */
export function swapRequest(put: StorePut, expectedRevision: number, also: readonly StorePut[]): object {
  return {
    compare: [
      { result: "EQUAL", target: "MOD", key: toWire(put.key), mod_revision: String(expectedRevision) },
    ],
    success: [put, ...also].map((each) => ({ request_put: putRequest(each) })),
    failure: [{ request_range: rangeRequest(put.key, false) }],
  };
}

/**
 * The body of a watch stream: one request for the routes and, if asked, one for the beats, line by line.
 *
 * @param prefix what to watch
 * @param fromRevision first revision to deliver
 * @param beatPrefix where sites show that they live; watched from now on
 * @returns the body of `/v3/watch`
 */
export function watchRequest(prefix: string, fromRevision: number, beatPrefix: string | undefined): string {
  const routes = {
    create_request: {
      ...rangeRequest(prefix, true),
      start_revision: String(fromRevision),
      watch_id: String(ROUTE_WATCH_ID),
    },
  };
  if (beatPrefix === undefined) return JSON.stringify(routes);
  const beats = {
    create_request: { ...rangeRequest(beatPrefix, true), watch_id: String(BEAT_WATCH_ID) },
  };
  return `${JSON.stringify(routes)}\n${JSON.stringify(beats)}`;
}
