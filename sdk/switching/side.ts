import type { SdkError } from "../errors.ts";

/** A call that waits for a connection: it has not been sent, so it may go to another side. */
export interface Waiting {
  /** Takes the call away from its side. @returns a function that tries again at whatever side is active then */
  leave(): () => void;
}

/** One data centre's connections of one driver. */
export interface Side {
  readonly dataCentre: string;
  readonly readOnly: boolean;
  /** Calls that wait for a connection of this side. */
  readonly waiting: Set<Waiting>;
  /** @returns number of connections that are in use */
  busy(): number;
  /**
   * Notes what is in use now. Absent: only `busy` says whether anything is.
   *
   * @returns a function that says whether all of that has ended
   */
  noteUse?(): () => boolean;
  /** Gives up every connection, used or not; what is under way on them is rejected with such an error. */
  abandon(createError: () => SdkError): void;
  /** Lets used connections finish until the drain time is over, then gives up those that have not. */
  drain(createError: () => SdkError, drainMs: number): void;
  /** Ends everything; nothing is left behind. */
  close(): void;
}
