import type { Cluster, Command, Redis } from "ioredis";

/** What ioredis says of a command whose node could not be reached, or was lost. */
export const CLOSED = "Connection is closed.";

/** A command that stands with a node. */
export type Item = NonNullable<ReturnType<Redis["commandQueue"]["shift"]>>;

/** @returns the commands that were written to a node, and those that wait for it to be connected */
export function queuesOf(node: Redis): [written: Item[], waiting: Item[]] {
  const waiting: Redis["commandQueue"] = Reflect.get(node, "offlineQueue");
  return [node.commandQueue.toArray(), waiting.toArray()];
}

/**
 * Has commands rejected that ioredis would keep until it finds any node again, however long that takes.
 *
 * @param cluster a client that is not connected yet
 */
export function refuseWaiting(cluster: Cluster): void {
  const refusing = {
    length: 0,
    push: ({ command }: { command: Command }) => command.reject(new Error(CLOSED)),
    shift: () => undefined,
  };
  if (!Reflect.has(cluster, "offlineQueue")) throw new Error("this version of ioredis has no offlineQueue");
  Reflect.set(cluster, "offlineQueue", refusing);
}

/** Calls that a node has put off, and that ioredis sends again in a moment: they stand with no node meanwhile. */
export interface DelayedCalls {
  count(): number;
  /** Tells whether a command was sent from there. */
  hasSent(command: object): boolean;
}

/**
 * Watches them, so that nothing is taken for ended that is not.
 *
 * @param cluster a client that is not connected yet
 * @param standing lists the commands that stand with nodes
 */
export function watchDelayed(cluster: Cluster, standing: () => readonly object[]): DelayedCalls {
  const sent = new WeakSet<object>();
  let count = 0;
  const queue: unknown = Reflect.get(cluster, "delayQueue");
  if (typeof queue !== "object" || queue === null)
    throw new Error("this version of ioredis has no delayQueue");
  const push = Reflect.get(queue, "push");
  Reflect.set(queue, "push", (bucket: string, send: () => void, options: object) => {
    count += 1;
    const sendCounted = (): void => {
      count -= 1;
      const before = new Set(standing());
      send();
      for (const command of standing()) if (!before.has(command)) sent.add(command);
    };
    Reflect.apply(push, queue, [bucket, sendCounted, options]);
  });
  return { count: () => count, hasSent: (command) => sent.has(command) };
}
