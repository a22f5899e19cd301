import { listKnownAgents } from "./known-agents.ts";
import { listLinks } from "./peer-directory.ts";
import type { InstanceMemory } from "./ports.ts";
import { listEvents, readMeta, readState, storeChanges, writeMeta } from "./storage.ts";

/** Where a plan is kept that must wait. */
const HELD_PLAN = "held-plan";

/**
 * Makes what an arbiter keeps over restarts out of the object's own storage.
 *
 * @param storage the object's storage, with its tables
 */
export function createInstanceMemory(storage: DurableObjectStorage): InstanceMemory {
  const { sql } = storage;
  return {
    readState: (now) => readState(sql, now),
    store: (changes) => storeChanges(storage, changes),
    listEvents: (limit) => listEvents(sql, { limit }),
    listKnownAgents: () => listKnownAgents(sql),
    listLinks: () => listLinks(sql),
    readHeldPlan: () => readMeta(sql, HELD_PLAN),
    writeHeldPlan: (text) => writeMeta(sql, HELD_PLAN, text),
  };
}
