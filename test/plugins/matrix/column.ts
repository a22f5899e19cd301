import type { Judgement, ProbeReason, Verdict } from "@evenkeel/contracts/observation";
import type { OpenedSession } from "../probe-kind.ts";

/** Every way in which a target can be ill, in the order of the page, and what it is called there. */
export const ILLNESSES = {
  refused: "Connection refused: nobody listens",
  blackhole: "Blackhole: connection attempts are dropped",
  mute: "Accepted, and nothing is ever said",
  "accept-and-close": "Accepted and closed at once",
  "close-in-handshake": "Closed in the middle of the login",
  "reset-mid-answer": "Reset in the middle of an answer",
  garbage: "Something else answers: garbage",
  "slow-drip": "An answer that drips and never ends",
  stopped: "The process hangs (SIGSTOP)",
  restart: "The process dies (SIGKILL) and is started again",
  "wrong-password": "Wrong password",
  "locked-account": "Locked account",
  "missing-database": "Missing database",
  "missing-privilege": "Missing privilege",
  full: "Too many connections",
  "read-only": "Read-only",
  "disk-full": "Disk full",
  "tls-name": "TLS: the certificate is for another name",
  dns: "A name that does not resolve",
  ipv6: "Reached by IPv6",
} as const;

/** See {@link ILLNESSES}. */
export type Illness = keyof typeof ILLNESSES;

/**
 * What a cell was shown with: the engine itself; a server of ours that misbehaves or answers as the engine's manual says;
 * or only the judge with a sample of what the engine would answer.
 */
export type Proof = "engine" | "fixture" | "sample";

/** What has to come out. */
export interface Expected {
  readonly verdict: Verdict;
  readonly reason: ProbeReason;
}

/** How a cell probes: each probe is bounded, leaves nothing behind and shows no secret, or the cell fails. */
export interface Stage {
  /** Opens a session, probes once, closes it. @param accessTimeoutMs left out: as patient as a busy machine needs */
  probe(settings: Record<string, unknown>, accessTimeoutMs?: number): Promise<Judgement>;
  /** Probes anew until something is seen that takes effect in a moment. */
  until(settings: Record<string, unknown>, seen: Partial<Expected>): Promise<Judgement>;
  /** Opens a session that is kept; it is closed when the cell is over. */
  keep(settings: Record<string, unknown>): OpenedSession;
  /** Something to be done when the cell is over, however it ends; what comes last is undone first. */
  after(undo: () => Promise<unknown> | unknown): void;
  /** Ends the cell as not run on this machine. */
  skip(reason: string): never;
}

/** One illness of one kind of target. */
export type Cell =
  /** The engine cannot have it. */
  | { readonly cannot: string }
  /** It could have it, and nobody has seen it. */
  | { readonly notRun: string }
  | {
      readonly by: Proof;
      readonly expected: Expected;
      /** What a reader of the page should know. */
      readonly remark?: string;
      run(stage: Stage): Promise<Judgement>;
    };

/** All illnesses of one kind of target. A missing one is an error of the compiler. */
export interface Column {
  readonly kind: string;
  /** The engine that is there, as the page calls it. */
  readonly server: string;
  /** Why it is not on this machine; undefined: it is. */
  readonly missing: string | undefined;
  setUp(): Promise<void>;
  tearDown(): Promise<void>;
  readonly cells: Readonly<Record<Illness, Cell>>;
}

/** Expectations that many cells share. */
export const EXPECTED = {
  up: { verdict: "up", reason: "ok" },
  refused: { verdict: "down", reason: "refused" },
  timedOut: { verdict: "down", reason: "timed-out" },
  closed: { verdict: "down", reason: "closed" },
  badAnswer: { verdict: "down", reason: "bad-answer" },
  auth: { verdict: "config", reason: "auth-failed" },
  privilege: { verdict: "config", reason: "permission-denied" },
  database: { verdict: "config", reason: "unknown-database" },
  tls: { verdict: "config", reason: "tls-failed" },
  saturated: { verdict: "degraded", reason: "saturated" },
  readOnly: { verdict: "read_only", reason: "read-only" },
} as const satisfies Record<string, Expected>;
