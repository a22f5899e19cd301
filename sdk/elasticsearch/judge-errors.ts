import { errors } from "@elastic/elasticsearch";

/** @returns true if the client could not reach its node */
export function isAway(error: Error): boolean {
  return error instanceof errors.ConnectionError || error instanceof errors.TimeoutError;
}

/**
 * Tells whether a write was refused as such. Items of a bulk request that are refused so stand in its answer, unseen.
 *
 * @returns true if an index or the cluster takes no writes
 */
export function isWriteBlocked(error: Error): boolean {
  return error instanceof errors.ResponseError && error.message.startsWith("cluster_block_exception");
}
