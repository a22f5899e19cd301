/** Gets the answer or the error of one request. */
export type SearchDone = (error: Error | null, result: unknown) => void;

/** Requests that wait for their answer. */
export interface CallsInFlight {
  count(): number;
  /** Begins one. @param begin sends it, and gives back how to abort it @returns the same */
  add(done: SearchDone, begin: (settle: SearchDone) => () => void): () => void;
  /** Rejects, each with an error of its own, all that are in flight now. */
  rejectAll(createError: () => Error): void;
  /** @returns a function that says whether those in flight now have ended */
  noteThese(): () => boolean;
  /** @returns a function that rejects those of the ones in flight now that still are when it is called */
  holdThese(): (createError: () => Error) => void;
}

interface Call {
  readonly settle: SearchDone;
  abort: () => void;
}

/** @returns an empty set of calls */
export function createCalls(): CallsInFlight {
  const calls = new Set<Call>();
  const reject = (rejected: readonly Call[], createError: () => Error): void => {
    for (const call of rejected) call.settle(createError(), null);
    // Nobody waits for these any more, and ending them takes longer than telling.
    setImmediate(() => {
      for (const call of rejected) call.abort();
    });
  };
  return {
    count: () => calls.size,
    add(done, begin) {
      const call: Call = {
        settle(error, result) {
          if (calls.delete(call)) done(error, result);
        },
        abort: () => undefined,
      };
      calls.add(call);
      call.abort = begin(call.settle);
      return call.abort;
    },
    rejectAll: (createError) => reject([...calls], createError),
    noteThese() {
      const noted = [...calls];
      return () => !noted.some((call) => calls.has(call));
    },
    holdThese() {
      const held = [...calls];
      return (createError) =>
        reject(
          held.filter((call) => calls.has(call)),
          createError,
        );
    },
  };
}
