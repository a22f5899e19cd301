import { z } from "zod";

/** Longest time that a command waits for its switch to finish, in milliseconds. */
export const COMMAND_WAIT_MAX_MS = 30_000;
/** Time that a command waits unless it is told otherwise, in milliseconds. */
export const COMMAND_WAIT_MS = 5_000;

/** Optional wait of a command for its switch to finish. */
export const WaitQuery = z.object({
  waitMs: z.coerce.number().int().min(0).max(COMMAND_WAIT_MAX_MS).default(COMMAND_WAIT_MS),
});
/** A page of events or audit records, newest first. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  before: z.string().max(64).optional(),
});
/** A page of events, of one monitor if that is named. */
export const EventsQuery = PageQuery.extend({ monitorId: z.string().max(64).optional() });
/** The application whose processes are listed. */
export const ProcessesQuery = z.object({ applicationId: z.string().max(64) });
/** One line of the audit: who did what to what, from where. Never a secret. */
export const AuditView = z.object({
  id: z.string(),
  atMs: z.number().int(),
  principal: z.string(),
  action: z.string(),
  resource: z.string(),
  instanceId: z.string().nullable(),
  before: z.unknown(),
  after: z.unknown(),
  source: z.string(),
});
