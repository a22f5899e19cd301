/**
 * Flags of V8 with which an agent runs; the first line of start.mjs holds them too. What one probe leaves behind lives for
 * as long as the probe: with the default young generation an agent of 5,000 targets grew to 430 MB, most of it garbage
 * that nobody was in a hurry to collect; with this one it stays under 300 MB at the same CPU time.
 */
export const AGENT_NODE_FLAGS: readonly string[] = ["--max-semi-space-size=4"];
