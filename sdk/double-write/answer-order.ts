/** The place of a write among those that were sent. */
export interface Turn {
  next: Turn | null;
  /** What to do when its turn has come; null: it is not answered yet. */
  act: (() => void) | null;
}

/** Puts answers into the order in which the writes were sent, which is that in which one connection executes them. */
export interface AnswerOrder {
  /** A write is sent now. */
  enter(): Turn;
  /**
   * It was answered, or given up.
   *
   * @param act runs when all that were sent before have been answered too, in this very turn if they have
   * @returns what `act` returns; a promise of it, if its turn is still to come
   */
  answer(turn: Turn, act: () => Promise<void> | null): Promise<void> | null;
}

/**
 * Makes an empty order. Of several answers that come in one piece, ioredis tells that of a transaction a few microtasks
 * later than that of a command behind it; copies that are queued so would come in the wrong order.
 */
export function createAnswerOrder(): AnswerOrder {
  let head: Turn | null = null;
  let tail: Turn | null = null;
  const runReady = (): void => {
    while (head !== null && head.act !== null) {
      const { act } = head;
      head = head.next;
      if (head === null) tail = null;
      act();
    }
  };
  return {
    enter() {
      const turn: Turn = { next: null, act: null };
      if (tail === null) head = turn;
      else tail.next = turn;
      tail = turn;
      return turn;
    },
    answer(turn, act) {
      let result: Promise<void> | null | undefined;
      let settle: ((done: Promise<void> | null) => void) | null = null;
      turn.act = () => {
        result = act();
        settle?.(result);
      };
      runReady();
      if (result !== undefined) return result;
      return new Promise((resolve) => {
        settle = (done) => resolve(done ?? undefined);
      });
    },
  };
}
