import type { Judgement } from "@evenkeel/contracts/observation";
import { addProbe, createTrack, renderObservation } from "@evenkeel/core/health/track";
import type { TargetProber } from "./target-prober.ts";

/** A refused prober never probes, so that its timing is never used. */
const NO_TIMING = {
  retryIntervalMs: 1000,
  monitorTimeoutMs: 1000,
  accessTimeoutMs: 1000,
  healthPrecision: 1,
  healthyThreshold: 1,
  unhealthyThreshold: 2,
  fastRefuse: false,
} as const;

/**
 * Makes the prober of a target that cannot be probed at all: it says so, in the place of a probe.
 *
 * @param identity monitor, data centre and target version
 * @param judgement why it cannot be probed
 */
export function createRefusedProber(
  identity: { readonly monitorId: string; readonly dataCentre: string; readonly targetVersion: number },
  judgement: Judgement,
): TargetProber {
  const ended = { startedAtMs: 0, endedAtMs: 0, judgement, fresh: false };
  const rules = { timing: NO_TIMING, failOn: [] };
  const track = addProbe(createTrack(identity.targetVersion), ended, rules);
  return {
    observe: () => renderObservation(identity, track, 0),
    probeNow: () => Promise.resolve(),
    stop: () => undefined,
  };
}
