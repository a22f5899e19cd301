import { loadDriver } from "@evenkeel/agent/drivers";
import { runProbe } from "@evenkeel/agent/probing/run-probe";
import type { Judgement, TargetFacts } from "@evenkeel/contracts/observation";
import type { MonitorPlugin, ProbeContext, ProbeOutcome } from "@evenkeel/contracts/plugin";

/** Probes that our own event loop may spoil before a test gives up. */
const ATTEMPTS_MAX = 20;

/** A session as an agent keeps it, with what it told. */
export interface OpenedSession {
  /** What a connection test tells beside the judgement. */
  inspect(): Promise<TargetFacts | undefined>;
  destroy(): void;
  /** How often the session said that the peer closed. */
  closings(): number;
  /** Resolves at the first closing. */
  readonly closed: Promise<void>;
  /** Probes as agents do: with their deadline, and anew in a new session if this process was too late to tell. */
  probe(): Promise<{ readonly outcome: ProbeOutcome; readonly judgement: Judgement }>;
}

/**
 * Opens a session of a kind.
 *
 * @param plugin the kind
 * @param settings of the target, secrets among them
 * @param accessTimeoutMs the agent's deadline for one probe
 */
export function openSession(
  plugin: MonitorPlugin,
  settings: Record<string, unknown>,
  accessTimeoutMs: number,
): OpenedSession {
  let closings = 0;
  let tell = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const context: ProbeContext = {
    load: loadDriver,
    accessTimeoutMs,
    onClosed: () => {
      closings += 1;
      tell();
    },
  };
  let session = plugin.open(settings, context);
  return {
    destroy: () => session.destroy(),
    closings: () => closings,
    closed,
    inspect: async () => await session.inspect?.(),
    async probe() {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        const ran = await runProbe(session, accessTimeoutMs);
        if (ran.type === "ended") {
          return { outcome: ran.outcome, judgement: plugin.judge(ran.outcome, settings) };
        }
        session.destroy();
        session = plugin.open(settings, context);
      }
      throw new Error("the machine is too busy to probe from");
    },
  };
}

/** Sockets that this process has open or is opening. */
export function countSockets(): number {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^(TCPSocketWrap|TCPConnectWrap|TLSWrap|TCPWrap|GetAddrInfoReqWrap)$/.test(name))
    .length;
}
