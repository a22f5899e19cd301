/** Events that one history may have: a loop without virtual time between its rounds ends with an error. */
const EVENTS_MAX = 200_000;

/** Virtual time: what is due runs in order, and promises settle between two events. */
export interface Timeline {
  /** Virtual now in milliseconds. */
  now(): number;
  /** Acts after so many milliseconds; the result cancels. */
  after(ms: number, act: () => void): () => void;
  /** Events that ran so far. */
  events(): number;
  /** Runs all events up to a time. */
  run(untilMs: number): Promise<void>;
}

interface Due {
  readonly atMs: number;
  readonly order: number;
  act: (() => void) | null;
}

const isBefore = (left: Due, right: Due) =>
  left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);

/** Makes a virtual time that stands at 0. */
export function createTimeline(): Timeline {
  const heap: Due[] = [];
  let nowMs = 0;
  let made = 0;
  let ran = 0;

  function push(due: Due): void {
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(due, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = due;
  }

  function pop(): Due | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = 2 * at + (isRight ? 2 : 1);
    }
    heap[at] = last;
    return first;
  }

  /** Runs the next event that is due by then; false if there is none. */
  function runNext(untilMs: number): boolean {
    while (heap[0] !== undefined && heap[0].atMs <= untilMs) {
      const due = pop();
      if (due === undefined || due.act === null) continue;
      ran += 1;
      if (ran > EVENTS_MAX) throw new Error(`over ${EVENTS_MAX} events by ${nowMs} ms`);
      nowMs = due.atMs;
      due.act();
      return true;
    }
    return false;
  }

  return {
    now: () => nowMs,
    events: () => ran,
    after(ms, act) {
      made += 1;
      const due: Due = { atMs: nowMs + Math.max(0, ms), order: made, act };
      push(due);
      return () => {
        due.act = null;
      };
    },
    run: (untilMs) =>
      new Promise((resolve, reject) => {
        // Promises that an event settled go on before the next event, as they do on a real event loop: a tick that is
        // asked for by a promise comes once the queue of promises is empty, and costs less than a round of that loop.
        const step = () => {
          try {
            if (runNext(untilMs)) queueMicrotask(rest);
            else {
              nowMs = Math.max(nowMs, untilMs);
              resolve();
            }
          } catch (error) {
            reject(error);
          }
        };
        const rest = () => process.nextTick(step);
        step();
      }),
  };
}
