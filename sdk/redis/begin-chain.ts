import type { ChainableCommander } from "ioredis";
import { SwitchedError } from "../errors.ts";
import type { AcquireRequest } from "../switching/acquire.ts";
import type { RedisSide } from "./redis-side.ts";
import { type Method, notWritable, onceReady, refuse } from "./send-once-ready.ts";

/**
 * Begins a pipeline or a transaction; its `exec` sends it only to the connection that it was begun on, or, of what was
 * begun or is to be sent while writes are held, as a whole to the side that is active then.
 */
export function beginChain(
  request: AcquireRequest<RedisSide, RedisSide>,
  kind: "pipeline" | "multi",
  args: unknown[],
): ChainableCommander {
  const { board } = request;
  const side = board.active;
  if (side === null) throw board.refusal;
  const isHeld = board.hold.isOn;
  // ioredis sends one without a pipeline command by command.
  const isSentAtOnce = args.some(
    (arg) => typeof arg === "object" && Reflect.get(arg ?? {}, "pipeline") === false,
  );
  if (side.readOnly && (!isHeld || isSentAtOnce)) throw notWritable(kind);
  const { redis } = side;
  const chain = Reflect.apply(redis[kind] as Method, redis, args) as ChainableCommander;
  const exec: unknown = chain.exec;
  if (typeof exec !== "function") return chain;
  chain.exec = ((...execArgs: unknown[]) => {
    if (isHeld || board.hold.isOn) {
      const sendHeld = (to: RedisSide): unknown => {
        if (to.readOnly) return refuse(notWritable(kind), execArgs);
        // Nothing was sent yet: the chain looks for its connection only now.
        Reflect.set(chain, "redis", to.redis);
        return Reflect.apply(exec, chain, execArgs);
      };
      return onceReady(request, execArgs, () => true, sendHeld);
    }
    const moved = board.active !== side || side.redis !== redis;
    if (!moved) return Reflect.apply(exec, chain, execArgs);
    const to = board.active?.dataCentre ?? "nowhere";
    return refuse(new SwitchedError(side.dataCentre, to, board.epoch), execArgs);
  }) as typeof chain.exec;
  return chain;
}
