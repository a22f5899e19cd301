import type { ProbeContext, ProbeOutcome, ProbeSession } from "@evenkeel/contracts/plugin";
import type { Meanings } from "./meaning.ts";
import { describeError } from "./probe-error.ts";

/** Opens the session of one address. */
export type OpenAddress = (address: string, context: ProbeContext) => ProbeSession;

/**
 * An address that refused our login is not asked again for this long while others answer, in milliseconds: the agent
 * itself asks a target that is all refusals once a minute, and engines lock accounts that keep trying [SAFE-5].
 */
const LOGIN_PAUSE_MS = 59_000;
/** One address, whose session is opened anew after each failure. */
export interface KeptAddress {
  readonly address: string;
  /** Never rejects. */
  probe(): Promise<ProbeOutcome>;
  destroy(): void;
}

/**
 * Keeps a connection to one address; see {@link keepAddresses}.
 *
 * @param context the agent's surroundings
 * @param address the address
 * @param open opens its session
 * @param meanings the engine's codes, to know a refused login by
 */
export function keepAddress(
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
  /** What the peer has closed is connected anew at the next probe. */
  const openAnew = () => {
    const opened = open(address, {
      ...context,
      onClosed() {
        if (session === opened) session = null;
        context.onClosed();
      },
    });
    return opened;
  };
  return {
    address,
    destroy,
    async probe() {
      const startedAtMs = performance.now();
      if (refusal !== null && startedAtMs - refusal.atMs < LOGIN_PAUSE_MS) return refusal.outcome;
      refusal = null;
      session ??= openAnew();
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
