import type { Judgement } from "./observation.ts";
import type { ProbeContext, ProbeOutcome } from "./plugin.ts";

/** One kept connection of the heartbeat account, or none yet; gone for good after its first failure. */
export interface HeartbeatSession {
  /** False until the account was let in: what fails before says nothing about writing. */
  isLoggedIn(): boolean;
  /**
   * Writes the agent's own row, and nothing else. Rejects with the driver's own error; the agent bounds it.
   *
   * @param seq the number that the row is to hold
   */
  write(seq: number): Promise<void>;
  /** Reads the number in the agent's own row; null: there is none. Rejects like `write`. */
  read(): Promise<number | null>;
  /** Makes sure that the account could write and read, as far as that can be told without writing. Rejects like `write`. */
  check(): Promise<void>;
  /** Closes the socket at once; see {@link ProbeSession.destroy}. */
  destroy(): void;
}

/** How a kind writes and reads the agent's own row. */
export interface HeartbeatPlugin {
  /** Whether the monitor has a heartbeat account; pure. @param settings as for `open` */
  isWanted(settings: Record<string, unknown>): boolean;
  /**
   * Makes a session that connects with its first call, of a monitor that has a heartbeat account.
   *
   * @param settings common, target and secret merged
   * @param context the agent's surroundings
   * @param source key of the row: who writes
   */
  open(settings: Record<string, unknown>, context: ProbeContext, source: string): HeartbeatSession;
  /** Judges a call that failed; pure. @param settings as for `open`, without secrets */
  judge(outcome: Extract<ProbeOutcome, { type: "failed" }>, settings: Record<string, unknown>): Judgement;
}
