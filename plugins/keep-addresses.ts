import type { ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import { createError } from "./keep-connection.ts";
import type { Meanings } from "./meaning.ts";
import { ABANDONED } from "./network-errors.ts";
import { describeError } from "./probe-error.ts";

/** How the probe of one of several addresses ended. */
export interface AddressOutcome {
  readonly address: string;
  readonly outcome: ProbeOutcome;
}

/** Opens the session of one address. */
export type OpenAddress = (address: string, context: ProbeContext) => ProbeSession;

/**
 * An address that refused our login is not asked again for this long while others answer, in milliseconds: the agent
 * itself asks a target that is all refusals once a minute, and engines lock accounts that keep trying [SAFE-5].
 */
const LOGIN_PAUSE_MS = 59_000;
/** Share of the access timeout after which one address' answer suffices, and the silent ones count as timed out. */
const PATIENCE_SHARE = 0.5;

/**
 * Keeps a connection to each of a target's addresses. With one address it is that address' session. With several, all
 * are asked at the same time and the sample is a list of {@link AddressOutcome}: each address fails on its own and is
 * connected anew at the next probe, and one that hangs delays the others' answers by half the access timeout at most.
 * Where none answers in time the agent's own deadline ends the probe.
 *
 * @param context the agent's surroundings
 * @param addresses at least one
 * @param open opens the session of one address
 * @param meanings the engine's codes, to know a refused login by
 */
export function keepAddresses(
  context: ProbeContext,
  addresses: readonly string[],
  open: OpenAddress,
  meanings: Meanings,
): ProbeSession {
  const [only] = addresses;
  if (only !== undefined && addresses.length === 1) return open(only, context);
  const kept = addresses.map((address) => keepAddress(context, address, open, meanings));
  let rejectInFlight: ((error: Error) => void) | null = null;
  let isDestroyed = false;
  return {
    probe: () =>
      new Promise((resolve, reject) => {
        if (isDestroyed) return reject(createError(ABANDONED, "the probe was given up"));
        rejectInFlight = reject;
        gather(kept, context.accessTimeoutMs * PATIENCE_SHARE).then(resolve, reject);
      }),
    destroy() {
      isDestroyed = true;
      for (const one of kept) one.destroy();
      rejectInFlight?.(createError(ABANDONED, "the probe was given up"));
    },
  };
}

/** One address, whose session is opened anew after each failure. */
interface KeptAddress {
  readonly address: string;
  /** Never rejects. */
  probe(): Promise<ProbeOutcome>;
  destroy(): void;
}

function keepAddress(
  context: ProbeContext,
  address: string,
  open: OpenAddress,
  meanings: Meanings,
): KeptAddress {
  let session: ProbeSession | null = null;
  let refusal: { readonly atMs: number; readonly outcome: ProbeOutcome } | null = null;
  const destroy = () => {
    session?.destroy();
    session = null;
  };
  return {
    address,
    destroy,
    async probe() {
      const startedAtMs = performance.now();
      if (refusal !== null && startedAtMs - refusal.atMs < LOGIN_PAUSE_MS) return refusal.outcome;
      refusal = null;
      session ??= open(address, context);
      const asked = session;
      try {
        const sample = await asked.probe();
        return { type: "answered", sample, latencyMs: performance.now() - startedAtMs };
      } catch (error) {
        if (session === asked) destroy();
        const failure = describeError(error);
        const outcome = { type: "failed", error: failure, afterMs: performance.now() - startedAtMs } as const;
        if (isRefusedLogin(failure.code, meanings)) refusal = { atMs: startedAtMs, outcome };
        return outcome;
      }
    },
  };
}

function isRefusedLogin(code: string | undefined, meanings: Meanings): boolean {
  return code !== undefined && Object.hasOwn(meanings, code) && meanings[code]?.reason === "auth-failed";
}

/** Waits for all, or for the first answer once the patience is over. */
function gather(kept: readonly KeptAddress[], patienceMs: number): Promise<AddressOutcome[]> {
  return new Promise((resolve) => {
    const startedAtMs = performance.now();
    const ended = new Map<KeptAddress, ProbeOutcome>();
    let isPatient = true;
    let isOver = false;

    const conclude = () => {
      const hasAnswer = [...ended.values()].some((outcome) => outcome.type === "answered");
      if (isOver || (ended.size < kept.length && (isPatient || !hasAnswer))) return;
      isOver = true;
      clearTimeout(timer);
      resolve(kept.map((one) => ({ address: one.address, outcome: ended.get(one) ?? giveUp(one) })));
    };
    const giveUp = (one: KeptAddress): ProbeOutcome => {
      one.destroy();
      return { type: "timed-out", afterMs: performance.now() - startedAtMs };
    };
    const timer = setTimeout(() => {
      isPatient = false;
      conclude();
    }, patienceMs);
    for (const one of kept) {
      void one.probe().then((outcome) => {
        ended.set(one, outcome);
        conclude();
      });
    }
  });
}
