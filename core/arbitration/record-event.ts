import type { Because, EventLevel, EventType, InstanceEvent, TimeMark } from "@evenkeel/contracts/event";
import type { Work } from "./work.ts";

/** What `recordEvent` needs to know beside the sentence. */
export interface EventFacts {
  readonly type: EventType;
  readonly level: EventLevel;
  readonly because: Because;
  readonly monitorId?: string;
  readonly dataCentre?: string;
  readonly decision?: string;
  readonly epoch?: number;
  readonly timeLine?: readonly TimeMark[];
  readonly rtoMs?: number | null;
}

/** Adds an event to what is recorded in the same transaction as the state. */
export function recordEvent(work: Work, facts: EventFacts): void {
  const event: InstanceEvent = {
    id: work.newId("evt"),
    atMs: work.now,
    type: facts.type,
    level: facts.level,
    monitorId: facts.monitorId ?? null,
    dataCentre: facts.dataCentre ?? null,
    because: facts.because,
    decision: facts.decision ?? null,
    epoch: facts.epoch ?? null,
    timeLine: [...(facts.timeLine ?? [])],
    rtoMs: facts.rtoMs ?? null,
  };
  work.events.push(event);
}
