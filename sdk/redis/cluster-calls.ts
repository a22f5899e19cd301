import type { Cluster, Command, Redis } from "ioredis";
import type { Resender, Settling } from "./resend-refused.ts";

/** Refusals of a node that has done nothing of a command; ioredis sends it to another one, or again. */
const NOT_DONE = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b/;
/** What ioredis says of a command whose node could not be reached, or was lost. */
const CLOSED = "Connection is closed.";
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
   * @param isLeft the side was left: what was not sent goes on at the one that is active now
   */
  giveUp(createError: () => Error, isLeft: boolean): void;
}

interface Call {
  /** Counts up. */
  readonly number: number;
  readonly settling: Settling;
}

interface CallsState {
  readonly calls: Map<Command, Call>;
  /** Commands of which a node may have done something. */
  readonly sent: WeakSet<object>;
  readonly resender: Resender | undefined;
  last: number;
  isGivenUp: boolean;
}

/**
 * Watches the calls of a cluster's client. ioredis follows MOVED, ASK and failovers by itself, and knows of a command that
 * failed neither whether it was sent nor that its side was left; hence this.
 *
 * @param cluster a client that is not connected yet
 * @param resender sends again what was not sent; undefined: it is rejected
 */
export function watchCalls(cluster: Cluster, resender: Resender | undefined): ClusterCalls {
  const state: CallsState = {
    ...{ calls: new Map(), sent: new WeakSet(), resender },
    ...{ last: 0, isGivenUp: false },
  };
  const { calls } = state;
  const send = cluster.sendCommand;
  cluster.sendCommand = (command, stream, node) => {
    // Before it is ready it asks for itself only.
    if (cluster.status === "ready") watch(state, command);
    return Reflect.apply(send, cluster, [command, stream, node]);
  };
  refuseWaiting(cluster);
  cluster.on("+node", (node: Redis) => watchNode(state, node));
  return {
    count: () => calls.size,
    mark() {
      const { last } = state;
      if (calls.size === 0) return null;
      // They stand in the order in which they came.
      return () => {
        const [first] = calls.values();
        return first !== undefined && first.number <= last;
      };
    },
    giveUp(createError, isLeft) {
      state.isGivenUp = true;
      // An answer that still comes belongs to no command any more.
      for (const node of cluster.nodes()) node.stream?.removeAllListeners("data");
      const standing = [...calls];
      calls.clear();
      for (const [command, { settling }] of standing) {
        const isTaken = isLeft && !state.sent.has(command) && resender?.takeUnsent(command, settling, true);
        if (isTaken !== true) settling.reject(createError());
      }
    },
  };
}

/** Commands that ioredis would keep until it finds any node again, however long that takes, are rejected instead. */
function refuseWaiting(cluster: Cluster): void {
  const refusing = {
    length: 0,
    push: ({ command }: { command: Command }) => command.reject(new Error(CLOSED)),
    shift: () => undefined,
  };
  if (!Reflect.has(cluster, "offlineQueue")) throw new Error("this version of ioredis has no offlineQueue");
  Reflect.set(cluster, "offlineQueue", refusing);
}

/** A command of a pipeline that is sent anew has new functions, and is watched anew. */
function watch(state: CallsState, command: Command): void {
  const { calls, sent, resender } = state;
  const { resolve, reject } = command;
  const settling: Settling = { resolve, reject };
  state.last += 1;
  calls.set(command, { number: state.last, settling });
  command.resolve = (answer: unknown) => {
    if (!calls.delete(command)) return;
    // An answer that cannot be made into what is expected rejects it.
    command.reject = reject;
    resolve(answer);
  };
  command.reject = (error) => {
    if (!calls.delete(command)) return;
    const isUnsent = NOT_REACHED.test(error.message) && !sent.has(command);
    if (!isUnsent || resender?.takeUnsent(command, settling, false) !== true) reject(error);
  };
}

function watchNode(state: CallsState, node: Redis): void {
  const { sent } = state;
  const send = node.sendCommand;
  node.sendCommand = (command, stream) => {
    if (state.isGivenUp) {
      command.reject(new Error(CLOSED));
      return command.promise;
    }
    const promise: unknown = Reflect.apply(send, node, [command, stream]);
    // What is not there waits for the node to be connected.
    if (node.commandQueue.peekBack()?.command === command) sent.add(command);
    return promise;
  };
  const settle = node.handleReconnection;
  node.handleReconnection = (error, item) => {
    if (NOT_DONE.test(error.message)) sent.delete(item.command);
    Reflect.apply(settle, node, [error, item]);
  };
}
