import type { ProbeReason } from "@evenkeel/contracts/observation";

/** What a failure is told with, whatever the kind. `complete`: the system's own words would only repeat it. */
export interface Sentence {
  readonly text: string;
  readonly complete?: boolean;
  /** What to check where the code's own row says nothing. */
  readonly advice?: string;
}

const SEE_WHETHER_IT_HANGS =
  "see whether the server hangs or is overloaded, and whether a firewall drops the agent's packets";
const SEE_ITS_LOG = "see the server's log; a proxy or firewall on the way may have done it too";

const SENTENCES: Partial<Record<ProbeReason, Sentence>> = {
  refused: {
    text: "connection refused by {address}",
    complete: true,
    advice: "see that the server runs, and listens on this address and port for other machines too",
  },
  closed: { text: "connection closed by {address}", complete: true, advice: SEE_ITS_LOG },
  reset: { text: "connection reset by {address}", complete: true, advice: SEE_ITS_LOG },
  "timed-out": { text: "timed out waiting for {address}", complete: true, advice: SEE_WHETHER_IT_HANGS },
  unreachable: {
    text: "no route to {address}",
    complete: true,
    advice: "check the routes and firewalls between the agent and the server",
  },
  "name-not-found": { text: "no such host: {address}", complete: true },
  "tls-failed": { text: "TLS with {address} failed" },
  "auth-failed": { text: "access denied for user {user} at {address}" },
  "permission-denied": { text: "user {user} lacks a permission at {address}" },
  "unknown-database": { text: "no access to database {database} at {address}" },
  saturated: { text: "no room left at {address}" },
  "disk-full": { text: "no disk space left at {address}" },
  "read-only": { text: "{address} is read-only" },
  starting: { text: "{address} is starting", advice: "see the server's log for what it waits for" },
  "shutting-down": { text: "{address} is shutting down", advice: "see the server's log for who stopped it" },
  "bad-settings": { text: "this agent could not probe {address}" },
};
const UNEXPECTED: Sentence = {
  text: "unexpected answer from {address}",
  advice: "check the address: another program may listen there",
};

/**
 * Finds what a failure is told with.
 *
 * @param reason why it failed
 */
export function findSentence(reason: ProbeReason): Sentence {
  return SENTENCES[reason] ?? UNEXPECTED;
}
