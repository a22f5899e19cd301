/** Connections that somebody has. */
export interface Loans<C> {
  count(): number;
  list(): readonly C[];
  add(connection: C): void;
  /** @returns false if nobody had it */
  remove(connection: C): boolean;
  removeAll(): void;
  /**
   * Notes which are lent now.
   *
   * @returns a function that lists those of them that have not come back since; one that came back and was lent again is
   *   none of them
   */
  note(): () => readonly C[];
}

/** @returns no loans */
export function createLoans<C>(): Loans<C> {
  /** With a number that is new each time, because a pool hands out the same object again and again. */
  const lent = new Map<C, number>();
  let last = 0;
  return {
    count: () => lent.size,
    list: () => [...lent.keys()],
    add(connection) {
      last += 1;
      lent.set(connection, last);
    },
    remove: (connection) => lent.delete(connection),
    removeAll: () => lent.clear(),
    note() {
      const noted = [...lent];
      return () =>
        noted.flatMap(([connection, number]) => (lent.get(connection) === number ? [connection] : []));
    },
  };
}

/** @returns whether nothing is left of what was noted */
export function noneLeft(left: () => readonly unknown[]): () => boolean {
  return () => left().length === 0;
}
