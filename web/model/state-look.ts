import type { LiveMonitor, Protection, TargetState, Vote } from "@evenkeel/contracts/live";
import type { MessageId } from "../locales/en.ts";

/** The word for a state; its colour and icon are chosen by the state's own name. */
export const STATE_WORDS: Readonly<Record<TargetState, MessageId>> = {
  normal: "state.normal",
  abnormal: "state.abnormal",
  "init-failed": "state.init-failed",
  misconfigured: "state.misconfigured",
  unreachable: "state.unreachable",
  init: "state.init",
  paused: "state.paused",
};

/** What a state means, for titles and screen readers. */
export const STATE_MEANINGS: Readonly<Record<TargetState, MessageId>> = {
  normal: "state.normal.meaning",
  abnormal: "state.abnormal.meaning",
  "init-failed": "state.init-failed.meaning",
  misconfigured: "state.misconfigured.meaning",
  unreachable: "state.unreachable.meaning",
  init: "state.init.meaning",
  paused: "state.paused.meaning",
};

/** The word for a site's vote. */
export const VOTE_WORDS: Readonly<Record<Vote, MessageId>> = {
  up: "vote.up",
  down: "vote.down",
  failing: "vote.failing",
  blind: "vote.blind",
  ill: "vote.ill",
  silent: "vote.silent",
  absent: "vote.absent",
};

/** The word for a level of protection. */
export const PROTECTION_WORDS: Readonly<Record<Protection["level"], MessageId>> = {
  automatic: "protection.automatic",
  "one-click": "protection.one-click",
  observe: "protection.observe",
  off: "protection.off",
};

/** What a mark says. */
export const MARK_WORDS: Readonly<Record<LiveMonitor["marks"][number], MessageId>> = {
  "standby-not-ready": "mark.standby-not-ready",
  "one-observer-only": "mark.one-observer-only",
  "split-brain-suspected": "mark.split-brain-suspected",
};

/** States in the order of filters and counts, the worst first. */
export const STATES: readonly TargetState[] = [
  "abnormal",
  "unreachable",
  "init-failed",
  "misconfigured",
  "init",
  "paused",
  "normal",
];

const STEP_WORDS: Readonly<Record<string, MessageId>> = {
  precheck: "step.precheck",
  announce: "step.announce",
  "write-route": "step.write-route",
  verify: "step.verify",
};

const KIND_WORDS: Readonly<Record<string, MessageId>> = {
  automatic: "switch-kind.automatic",
  operator: "switch-kind.operator",
  force: "switch-kind.force",
  announce: "switch-kind.announce",
  access: "switch-kind.access",
  plan: "switch-kind.plan",
};

/** The word for a site that is not connected. */
export const SITE_WORDS: Readonly<Record<"lost" | "unheard", MessageId>> = {
  lost: "site.lost",
  unheard: "site.unheard",
};

/**
 * The words for who wanted a running switch.
 *
 * @param kind as the control plane names it
 * @returns null for a kind that this console does not know: it is shown as it is named
 */
export function findKindWords(kind: string): MessageId | null {
  return KIND_WORDS[kind] ?? null;
}

/**
 * Whether the active side that is shown is only decided: no route store has it yet, so applications may not follow it.
 *
 * @param monitor the monitor
 */
export function isUnwritten(monitor: LiveMonitor): boolean {
  return monitor.switching?.step === "write-route" && monitor.switching.epoch === monitor.epoch;
}

/**
 * Whether a running switch is only being checked: nothing was decided yet.
 *
 * @param step the step as the control plane names it
 */
export function isPrecheck(step: string): boolean {
  return step === "precheck";
}

/**
 * The words for the step of a running switch.
 *
 * @param step the step as the control plane names it
 * @returns null for a step that this console does not know: it is shown as it is named
 */
export function findStepWords(step: string): MessageId | null {
  return STEP_WORDS[step] ?? null;
}
