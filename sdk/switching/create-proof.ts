/** Whether the use of a side proves that its server answers. */
export interface Proof {
  /** A connection came back. */
  readonly note: () => void;
  /** @returns true if nobody has to ask the server */
  isGiven(busy: number): boolean;
}

/**
 * Makes the proof of a side. The active side proves itself by being in use, because a route tells when it is lost; a server
 * for reads has to give connections back, because it would keep its callers for ever when it hangs.
 *
 * @param isReader whether it is a server for reads
 * @returns the proof
 */
export function createProof(isReader: boolean): Proof {
  let returned = 0;
  let seen = 0;
  return {
    note() {
      returned += 1;
    },
    isGiven(busy) {
      if (busy === 0) return false;
      if (!isReader) return true;
      const hasMoved = returned !== seen;
      seen = returned;
      return hasMoved;
    },
  };
}
