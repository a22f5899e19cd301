import type { ChainableCommander } from "ioredis";
import { NotCopyableError } from "../double-write/copy-errors.ts";
import type { DoubleWriter } from "../double-write/double-writer.ts";
import { SeveralNodesError, SwitchedError } from "../errors.ts";
import type { AcquireRequest } from "../switching/acquire.ts";
import { type ChainRecord, recordChain } from "./chain-copies.ts";
import type { RedisSide } from "./redis-side.ts";
import { type Method, notWritable, onceReady, refuse, settle } from "./send-once-ready.ts";
import { nameSeveralNodes } from "./several-nodes.ts";

/**
 * Begins a pipeline or a transaction; its `exec` sends it only to the connection that it was begun on, or, of what was
 * begun or is to be sent while writes are held, as a whole to the side that is active then.
 *
 * @param request where calls go
 * @param writer copies what the chain resulted in; null: nothing is copied
 * @param kind which of both
 * @param args of the call
 * @throws SdkError if there is no route, or no writes are taken
 */
export function beginChain(
  request: AcquireRequest<RedisSide, RedisSide>,
  writer: DoubleWriter | null,
  kind: "pipeline" | "multi",
  args: unknown[],
): ChainableCommander {
  const { board } = request;
  const side = board.active;
  if (side === null) throw board.refusal;
  const isHeld = board.hold.isOn;
  const isSentAtOnce = withoutPipeline(args);
  if (side.readOnly && (!isHeld || isSentAtOnce)) throw notWritable(kind);
  if (isSentAtOnce) refuseAtOnce(side, writer, kind);
  const { redis } = side;
  const begin = (given: unknown[]): unknown => Reflect.apply(redis[kind] as Method, redis, given);
  const { chain, exec, follow } =
    writer === null ? plainChain(begin(args)) : copiedChain(writer, kind, begin([]), args);
  if (exec === null) return chain;
  const send = (...execArgs: unknown[]) => {
    // A cluster's chain calls itself again when a node refused all of it: it stays with its cluster.
    if (follow?.isBegun === true) return follow.again(execArgs);
    if (isHeld || board.hold.isOn) {
      const sendHeld = (to: RedisSide): unknown => {
        if (to.readOnly) return refuse(notWritable(kind), execArgs);
        // Nothing was sent yet: the chain looks for its connection only now.
        Reflect.set(chain, "redis", to.redis);
        Reflect.set(chain, "isCluster", to.redis.isCluster);
        return exec(execArgs);
      };
      return onceReady(request, execArgs, null, sendHeld);
    }
    const sendHere = (to: RedisSide | null): unknown => {
      if (to === side && to.redis === redis) return exec(execArgs);
      return refuse(new SwitchedError(side.dataCentre, to?.dataCentre ?? "nowhere", board.epoch), execArgs);
    };
    const isBeingMade = board.active === side && side.redis === redis && redis.status !== "ready";
    // What was begun while its connection was being made waits for it, as a single command does.
    return isBeingMade ? onceReady(request, execArgs, null, sendHere) : sendHere(board.active);
  };
  return Object.assign(chain, writer === null ? { exec: send } : { exec: send, execBuffer: send });
}

/** ioredis sends one without a pipeline command by command. */
function withoutPipeline(args: unknown[]): boolean {
  return args.some((arg) => typeof arg === "object" && Reflect.get(arg ?? {}, "pipeline") === false);
}

function refuseAtOnce(side: RedisSide, writer: DoubleWriter | null, kind: string): void {
  if (writer !== null)
    throw new NotCopyableError(kind, "it would keep the connection that all calls share; chain the commands");
  if (side.redis.isCluster)
    throw new SeveralNodesError(
      `without a pipeline the commands of ${kind} go to several nodes of the cluster`,
    );
}

/** A chain, and what sends it; `exec` is null for one that was sent already. */
interface BegunChain {
  readonly chain: ChainableCommander;
  readonly exec: ((execArgs: unknown[]) => unknown) | null;
  /** What a chain of a cluster, once it was sent, does to be sent to another node of it. */
  readonly follow?: { isBegun: boolean; again(execArgs: unknown[]): unknown };
}

function plainChain(begun: unknown): BegunChain {
  const chain = begun as ChainableCommander;
  const own: unknown = chain.exec;
  if (typeof own !== "function") return { chain, exec: null };
  const again = (execArgs: unknown[]): unknown => Reflect.apply(own, chain, execArgs);
  const follow = { isBegun: false, again };
  const exec = (execArgs: unknown[]): unknown => {
    if (Reflect.get(chain, "isCluster") !== true) return again(execArgs);
    follow.isBegun = true;
    const rename = (error: unknown): never => {
      throw nameSeveralNodes(error);
    };
    return settle(execArgs, Promise.resolve(again([])).catch(rename));
  };
  return { chain, exec, follow };
}

function copiedChain(
  writer: DoubleWriter,
  kind: "pipeline" | "multi",
  begun: unknown,
  [batch]: readonly unknown[],
): BegunChain {
  const chain = begun as ChainableCommander;
  const record: ChainRecord = recordChain(writer, chain, kind);
  // Commands that are given at once are taken in only now, when each is seen.
  if (Array.isArray(batch)) Reflect.apply(Reflect.get(chain, "addBatch") as Method, chain, [batch]);
  const exec = chain.exec.bind(chain) as Parameters<ChainRecord["send"]>[0];
  return {
    chain,
    exec(execArgs) {
      const sent = record.send(exec);
      return sent instanceof Error ? refuse(sent, execArgs) : settle(execArgs, sent);
    },
  };
}
