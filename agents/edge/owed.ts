/** What the control plane has not acknowledged yet. A pure ledger: telling is numbered, acknowledging clears. */
export interface Owed {
  /** Something changed in a target, or (null) in general: illness or stores. */
  note(target: string | null): void;
  /** Everything is owed: the other side knows nothing of us. */
  noteAll(): void;
  isEmpty(): boolean;
  /** What the next frame has to tell. @param seq the frame's number: an acknowledgement of it, or of a later one, clears */
  tell(seq: number): { readonly full: boolean; readonly targets: ReadonlySet<string> };
  acknowledge(seq: number): void;
}

/** Owed since the last frame: no acknowledgement of an earlier frame can clear it. */
const UNTOLD = Number.POSITIVE_INFINITY;
const CLEAR = 0;

/** Makes an empty ledger. */
export function createOwed(): Owed {
  /** Number of the frame that told it last, by target. */
  const targets = new Map<string, number>();
  let general = CLEAR;
  let all = CLEAR;
  return {
    note(target) {
      if (target === null) general = UNTOLD;
      else targets.set(target, UNTOLD);
    },
    noteAll() {
      all = UNTOLD;
    },
    isEmpty: () => targets.size === 0 && general === CLEAR && all === CLEAR,
    tell(seq) {
      for (const target of targets.keys()) targets.set(target, seq);
      if (general !== CLEAR) general = seq;
      if (all !== CLEAR) all = seq;
      return { full: all !== CLEAR, targets: new Set(targets.keys()) };
    },
    acknowledge(seq) {
      for (const [target, told] of targets) if (told <= seq) targets.delete(target);
      if (general <= seq) general = CLEAR;
      if (all <= seq) all = CLEAR;
    },
  };
}
