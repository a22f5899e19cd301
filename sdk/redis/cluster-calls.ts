import type { Cluster, Command, Redis } from "ioredis";
import { CLOSED, type Item, queuesOf, refuseWaiting, watchDelayed } from "./cluster-queues.ts";
import type { Resender, Settling } from "./resend-refused.ts";

/** What it says of one that could not be done for long, that included. */
const NOT_REACHED = /^(Connection is closed|Too many Cluster redirections)/;

/** The calls of one cluster's client that have no answer yet. */
export interface ClusterCalls {
  count(): number;
  /** @returns tells whether any call of those that have no answer now still has none; null: all are answered */
  mark(): (() => boolean) | null;
  /**
   * Ends all of them in this very turn, and sends nothing any more, whatever the client still tries.
   *
   * @param createError makes the error of one that was sent; each gets its own, because MULTI writes into them
   * @param unsent what becomes of what was not sent
   */
  giveUp(createError: () => Error, unsent: Unsent): void;
}

/** It goes on where it may by now, at once or after the configured delay, or is rejected with the others. */
export type Unsent = "goes-on" | "waits" | "is-rejected";

interface CallsState {
  /** Those that may still have something under way, also when the cluster has done with them. */
  readonly nodes: Set<Redis>;
  /** Commands of which a node may have done something before it was lost. */
  readonly sent: WeakSet<object>;
  readonly resender: Resender | undefined;
  /** How it was given up; null: it was not. */
  end: { readonly createError: () => Error; readonly unsent: Unsent } | null;
}

/**
 * Watches the calls of a cluster's client. ioredis follows MOVED, ASK and failovers by itself, and knows of a command that
 * failed neither whether it was sent nor that its side was left; hence this. It looks only when something fails.
 *
 * @param cluster a client that is not connected yet
 * @param resender sends again what was not sent; undefined: it is rejected
 */
export function watchCalls(cluster: Cluster, resender: Resender | undefined): ClusterCalls {
  const state: CallsState = { nodes: new Set(), sent: new WeakSet(), resender, end: null };
  const { nodes } = state;
  const send = cluster.sendCommand;
  cluster.sendCommand = (command, stream, node) => {
    // Before it is ready it asks for itself only; of a pipeline each command stays with the others.
    if (node === undefined && cluster.status === "ready") watch(state, command);
    return send.call(cluster, command, stream, node);
  };
  refuseWaiting(cluster);
  cluster.on("+node", (node: Redis) => watchNode(state, node));
  const underWay = (): Item[] => [...nodes].flatMap((node) => [...queuesOf(node)].flat());
  const delayed = watchDelayed(cluster, () => underWay().map(({ command }) => command));
  return {
    count: () => underWay().length + delayed.count(),
    mark() {
      const standing = new Set(underWay().map(({ command }) => command));
      if (standing.size + delayed.count() === 0) return null;
      // One that stood is put off when its node says so: while any is, it may be among them.
      return () =>
        delayed.count() > 0 ||
        underWay().some(({ command }) => standing.has(command) || delayed.hasSent(command));
    },
    giveUp(createError, unsent) {
      state.end = { createError, unsent };
      // What was written stands behind what was not, so that both end in the order in which they came to their nodes.
      const standing = [...nodes].flatMap((node) => endNode(state, node));
      for (const { command } of standing) command.reject(createError());
    },
  };
}

/** Has a node answer and send no more. @returns what stood with it */
function endNode(state: CallsState, node: Redis): Item[] {
  // An answer that still comes belongs to no command any more.
  node.stream?.removeAllListeners("data");
  refuseAll(node);
  const [written, waiting] = queuesOf(node);
  for (const { command } of written) state.sent.add(command);
  node.commandQueue.clear();
  Reflect.get(node, "offlineQueue").clear();
  return [...written, ...waiting];
}

function refuseAll(node: Redis): void {
  node.sendCommand = (command) => {
    command.reject(new Error(CLOSED));
    return command.promise;
  };
}

function watch(state: CallsState, command: Command): void {
  const { resolve, reject } = command;
  let isOver = false;
  command.reject = (error) => {
    if (isOver) return;
    isOver = true;
    const { end, sent, resender } = state;
    const mayGoOn = end === null ? NOT_REACHED.test(error.message) : end.unsent !== "is-rejected";
    const settling: Settling = { resolve, reject };
    const isLeft = end?.unsent === "goes-on";
    if (mayGoOn && !sent.has(command) && resender?.takeUnsent(command, settling, isLeft) === true) return;
    reject(end === null ? error : end.createError());
  };
}

function watchNode(state: CallsState, node: Redis): void {
  const { nodes, sent, end } = state;
  if (end !== null) {
    refuseAll(node);
    return;
  }
  nodes.add(node);
  node.once("end", () => nodes.delete(node));
  const flush: unknown = Reflect.get(node, "flushQueue");
  if (typeof flush !== "function") throw new Error("this version of ioredis has no flushQueue");
  // It ends all that stands with a node that was lost, and says the same of what was written and what was not.
  Reflect.set(node, "flushQueue", (...how: unknown[]) => {
    for (const { command } of node.commandQueue.toArray()) sent.add(command);
    Reflect.apply(flush, node, how);
  });
}
