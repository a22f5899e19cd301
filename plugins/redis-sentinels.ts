import type { ProbeContext, ProbeSession } from "@evenkeel/contracts/plugin";
import { gather } from "./gather-outcomes.ts";
import { type KeptAddress, keepAddress } from "./keep-address.ts";
import { createError } from "./keep-connection.ts";
import { ABANDONED } from "./network-errors.ts";
import { chooseMaster } from "./redis-choose-master.ts";
import { REDIS_MEANINGS, SENTINEL_MEANINGS } from "./redis-meanings.ts";
import { ASK_SERVER, joinAddress, openRedisServer, type RedisQuestion } from "./redis-server.ts";
import type { RedisSettings } from "./redis-settings.ts";
import { isRespError, type RespReply } from "./resp.ts";

/** Share of the access timeout after which one sentinel's answer suffices. */
const PATIENCE_SHARE = 0.4;
/** Share of the access timeout after which silence is told by its name, before the agent's deadline ends the probe. */
const LIMIT_SHARE = 0.8;

/**
 * Opens the session of a master that sentinels watch. Each probe asks all sentinels for the master's address and, at
 * the same time, the master that they named last; one that they name anew is asked afterwards.
 *
 * @param settings the target's; the addresses are the sentinels'
 * @param context the agent's surroundings
 * @returns the session; its sample is `{sentinels, master}`, lists of how the probe of each address ended
 */
export function openSentinels(settings: RedisSettings, context: ProbeContext): ProbeSession {
  const sentinels = keepSentinels(settings, context);
  const openMaster = (address: string, own: ProbeContext) =>
    openRedisServer(settings, address, own, ASK_SERVER);
  const limitMs = context.accessTimeoutMs * LIMIT_SHARE;
  let master: KeptAddress | null = null;
  let rejectInFlight: ((error: Error) => void) | null = null;
  let isDestroyed = false;

  async function ask(): Promise<unknown> {
    const startedAtMs = performance.now();
    const known = master;
    const knownAsked = known === null ? null : gather([known], limitMs, limitMs);
    const outcomes = await gather(sentinels, context.accessTimeoutMs * PATIENCE_SHARE, limitMs);
    const named = chooseMaster(outcomes)?.address ?? null;
    if (known !== null && knownAsked !== null && (named === null || named === known.address))
      return { sentinels: outcomes, master: await knownAsked };
    known?.destroy();
    master = null;
    if (named === null || isDestroyed) return { sentinels: outcomes, master: [] };
    master = keepAddress(context, named, openMaster, REDIS_MEANINGS);
    const leftMs = Math.max(0, startedAtMs + limitMs - performance.now());
    const asked = await gather([master], leftMs, leftMs);
    return { sentinels: outcomes, master: asked };
  }

  return {
    probe: () =>
      new Promise((resolve, reject) => {
        if (isDestroyed) return reject(createError(ABANDONED, "the probe was given up"));
        rejectInFlight = reject;
        ask().then(resolve, reject);
      }),
    destroy() {
      isDestroyed = true;
      for (const one of sentinels) one.destroy();
      master?.destroy();
      rejectInFlight?.(createError(ABANDONED, "the probe was given up"));
    },
  };
}

function keepSentinels(settings: RedisSettings, context: ProbeContext): KeptAddress[] {
  const login = { ...settings, user: settings.sentinelUser, password: settings.sentinelPassword };
  const question = askSentinel(settings.masterName);
  const openOne = (address: string, own: ProbeContext) => openRedisServer(login, address, own, question);
  // A sentinel that goes away says nothing about the master, which would be forgotten with this session.
  const quiet = { ...context, onClosed: () => undefined };
  return settings.addresses.map((address) => keepAddress(quiet, address, openOne, SENTINEL_MEANINGS));
}

/**
 * Asks a sentinel. The sample is `{isSentinel, master, fields, quorum}`: the address that it names, what else it knows
 * of the master, and why it could not be failed over (empty: it could).
 */
function askSentinel(name: string): RedisQuestion {
  return {
    // Servers answer the first with its text, so that what is no sentinel does not look like a refusal.
    commands: [
      ["PING"],
      ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name],
      ["SENTINEL", "MASTER", name],
      ["SENTINEL", "CKQUORUM", name],
    ],
    read([, address, fields, quorum]) {
      for (const reply of [address, fields, quorum]) {
        if (isRespError(reply) && reply.code === "NOPERM") throw createError(reply.code, reply.message);
      }
      const [host, port] = Array.isArray(address) ? (address as readonly RespReply[]) : [];
      return {
        isSentinel: !isRespError(address),
        master: joinAddress(host, port),
        fields: Array.isArray(fields) ? readPairs(fields as readonly RespReply[]) : {},
        quorum: isRespError(quorum) ? quorum.message : "",
      };
    },
  };
}

function readPairs(flat: readonly RespReply[]): Record<string, string> {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([String(flat[at]), String(flat[at + 1])]);
  return Object.fromEntries(pairs);
}
