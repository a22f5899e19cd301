/** What somebody watches should not take ten seconds: the monitors of a lab that people look at time out after three. */
export const WATCHED_TIMING = { retryIntervalMs: 1000, accessTimeoutMs: 1000, monitorTimeoutMs: 3000 };
/** As quick as a switch gets: after a second. */
export const FAST_TIMING = { retryIntervalMs: 200, accessTimeoutMs: 200, monitorTimeoutMs: 1000 };
