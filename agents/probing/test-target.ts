import type { EdgeFrame } from "@evenkeel/contracts/agent-protocol";
import type { SeenCertificate } from "@evenkeel/contracts/certificate";
import type { Judgement, Observation } from "@evenkeel/contracts/observation";
import { addProbe, createTrack, renderObservation } from "@evenkeel/core/health/track";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import { loadDriver, loadDrivers } from "../drivers.ts";
import type { Unseal } from "../unseal.ts";
import { inspectTarget, type TestedMore } from "./inspect-target.ts";
import { meetCertificates } from "./meet-certificates.ts";
import { runProbe } from "./run-probe.ts";

type TestFrame = Extract<EdgeFrame, { type: "test" }>;

/**
 * Tests a connection that is not planned yet: one fresh connect, login and question.
 *
 * @param frame what to test
 * @param unseal opens the credentials
 * @returns what was found; it never throws
 */
export async function testTarget(frame: TestFrame, unseal: Unseal): Promise<Observation> {
  const { judgement, tookMs, ...more } = await probeOnce(frame, unseal);
  const timing = {
    retryIntervalMs: frame.accessTimeoutMs,
    monitorTimeoutMs: frame.accessTimeoutMs,
    accessTimeoutMs: frame.accessTimeoutMs,
    healthPrecision: 1,
    healthyThreshold: 1,
    unhealthyThreshold: 2,
    fastRefuse: false,
  } as const;
  const ended = { startedAtMs: 0, endedAtMs: tookMs, judgement, fresh: true };
  const track = addProbe(createTrack(frame.target.targetVersion), ended, { timing, failOn: [] });
  const observation = renderObservation({ monitorId: "test", dataCentre: frame.target.name }, track, tookMs);
  if (observation === null) throw new Error("a track with a probe renders an observation");
  return { ...observation, ...more };
}

/** What a test found. */
interface Found extends TestedMore {
  readonly judgement: Judgement;
  readonly tookMs: number;
  readonly certificates?: SeenCertificate[];
}

async function probeOnce(frame: TestFrame, unseal: Unseal): Promise<Found> {
  const plugin = findMonitorPlugin(frame.kind);
  if (plugin === undefined) {
    const words = `this agent knows no monitors of kind ${frame.kind}`;
    return { judgement: { verdict: "config", reason: "bad-settings", words }, tookMs: 0 };
  }
  const unsealed = await unseal(frame.target.sealed);
  if (!unsealed.ok) {
    return { judgement: { verdict: "config", reason: "no-credentials", words: unsealed.words }, tookMs: 0 };
  }
  await loadDrivers(plugin);
  const settings = { ...frame.target.config, ...unsealed.secret };
  const { accessTimeoutMs } = frame;
  const { onCertificate, list } = meetCertificates(settings, Date.now());
  const context = {
    ...{ load: loadDriver, onClosed: () => undefined, accessTimeoutMs, onCertificate },
    purpose: "test",
  } as const;
  const session = plugin.open(settings, context);
  const ran = await runProbe(session, accessTimeoutMs);
  const more = await inspectTarget({ plugin, settings, context, session, ran }).finally(session.destroy);
  if (ran.type === "void") {
    const words = `this agent was ${Math.round(ran.lateMs)} ms late and cannot tell; test again`;
    return { judgement: { verdict: "down", reason: "timed-out", words }, tookMs: 0 };
  }
  const judgement = plugin.judge(ran.outcome, settings);
  const certificates = list();
  const met = certificates.length === 0 ? {} : { certificates };
  return { judgement, tookMs: ran.endedAtMs - ran.startedAtMs, ...more, ...met };
}
