import type { ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { gather } from "./gather-outcomes.ts";
import { type KeptAddress, keepAddress, type OpenAddress } from "./keep-address.ts";
import { createError } from "./keep-connection.ts";
import type { Meanings } from "./meaning.ts";
import { ABANDONED } from "./network-errors.ts";

/** Share of the access timeout that a person's test waits for replicas, after the server itself was asked. */
const TEST_PATIENCE_SHARE = 0.5;

/** A server and those that follow it. */
export interface ReplicatedServer {
  readonly address: string;
  readonly replicas: readonly string[];
  readonly openMain: OpenAddress;
  readonly openReplica: OpenAddress;
  /** The engine's codes, to know a refused login by. */
  readonly meanings: Meanings;
}

/** The sample of a server with replicas. */
export interface ReplicatedSample {
  readonly main: unknown;
  /** What is known of each replica; one that was not heard of yet is missing. */
  readonly replicas: readonly { readonly address: string; readonly outcome: ProbeOutcome }[];
}

/**
 * Keeps a connection to a server and one to each of its replicas. The server alone decides when a probe ends: its answer
 * counts at once, beside the last that is known of each replica, and a replica that hangs or is gone slows nothing.
 * Replicas are asked once per probe, each bounded by the access timeout. A session that is to prove a login
 * (`context.purpose`) asks no replicas; one for a person's test waits for them. Without replicas it is the server's own
 * session, whose sample is the server's.
 *
 * @param context the agent's surroundings
 * @param server who is asked
 */
export function keepReplicas(context: ProbeContext, server: ReplicatedServer): ProbeSession {
  const main = server.openMain(server.address, context);
  if (server.replicas.length === 0) return main;
  // A replica that closes its connection is no reason to ask the server at once.
  const own = { ...context, onClosed: () => undefined };
  const asked = context.purpose === "login" ? [] : server.replicas;
  const kept = asked.map((address) => watchReplica(own, address, server));
  let isDestroyed = false;
  return {
    async probe(): Promise<ReplicatedSample> {
      if (isDestroyed) throw createError(ABANDONED, "the probe was given up");
      const answers = kept.map((one) => one.ask());
      const sample = await main.probe();
      if (context.purpose === "test") await Promise.all(answers);
      return { main: sample, replicas: kept.flatMap((one) => one.known() ?? []) };
    },
    ...(main.inspect === undefined ? {} : { inspect: main.inspect }),
    destroy() {
      isDestroyed = true;
      main.destroy();
      for (const one of kept) one.destroy();
    },
  };
}

/** One replica, asked at most once at a time. */
interface WatchedReplica {
  ask(): Promise<void>;
  /** Null before the first time that it was asked has ended. */
  known(): ReplicatedSample["replicas"][number] | null;
  destroy(): void;
}

function watchReplica(
  context: ProbeContext,
  address: string,
  { openReplica, meanings }: ReplicatedServer,
): WatchedReplica {
  const replica: KeptAddress = keepAddress(context, address, openReplica, meanings);
  const share = context.purpose === "test" ? TEST_PATIENCE_SHARE : 1;
  const limitMs = context.accessTimeoutMs * share;
  let last: ProbeOutcome | null = null;
  let inFlight: Promise<void> | null = null;
  return {
    ask() {
      inFlight ??= gather([replica], limitMs, limitMs)
        .then(([one]) => {
          last = one?.outcome ?? null;
        })
        .finally(() => {
          inFlight = null;
        });
      return inFlight;
    },
    known: () => (last === null ? null : { address, outcome: last }),
    destroy: replica.destroy,
  };
}
