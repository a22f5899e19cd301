import { setTimeout as wait } from "node:timers/promises";
import type { Route } from "@evenkeel/contracts/route";
import type { SdkError } from "../errors.ts";
import { admit, commit, type Ticket } from "./admit-writes.ts";
import type { CopyStatus } from "./copy-status.ts";
import { follow } from "./follow-terms.ts";
import type { Copy } from "./judge-command.ts";
import {
  beginWriting,
  type DoubleWriterRequest,
  judgeHold,
  type Site,
  type Writing,
  wakeAll,
} from "./writing.ts";

/** Pause between two looks at whether all was sent before the source is closed. */
const CLOSE_POLL_MS = 10;

/** Copies the writes of one data source to its other data centres. */
export interface DoubleWriter {
  /** Lets a write in. @param bytes its size @returns an error where it must not be sent */
  admit(bytes: number): Ticket | SdkError;
  /**
   * The active side has answered.
   *
   * @param copy what it resulted in; null: nothing
   * @param isCertain false: for some of it nobody knows whether it was executed
   * @returns settles when the copy is as safe as the settings say; null: it is already
   */
  commit(ticket: Ticket, copy: Copy | null, isCertain: boolean): Promise<void> | null;
  follow(route: Route): void;
  /** Tells whether the store of the routes is reached. */
  setReached(isReached: boolean): void;
  status(): readonly CopyStatus[];
  /** Somebody has brought a data centre's data up to date: what was missing there counts no more. */
  resynced(dataCentre: string): void;
  /** Sends what it can within the time of the settings, and ends. */
  close(): Promise<void>;
}

/**
 * Opens the copying of one data source.
 *
 * @param request what it is made of
 * @throws the file system's error if a queue on disk cannot be written
 */
export async function openDoubleWriter(request: DoubleWriterRequest): Promise<DoubleWriter> {
  const writing = await beginWriting(request);
  return {
    admit: (bytes) => admit(writing, bytes),
    commit: (ticket, copy, isCertain) => commit(writing, ticket, copy, isCertain),
    follow: (route) => follow(writing, route),
    setReached(isReached) {
      writing.isReached = isReached;
      wakeAll(writing);
    },
    status: () => [...writing.sites.values()].map((site) => describe(writing, site)),
    resynced(dataCentre) {
      writing.ledger.forgive(dataCentre);
      writing.keeper.noteDiverged();
    },
    close: () => close(writing),
  };
}

function describe(writing: Writing, { name, lane }: Site): CopyStatus {
  const oldestAtMs = lane.oldestAtMs();
  const divergedBy = writing.ledger.divergedBy(name);
  return {
    dataCentre: name,
    queued: lane.size,
    unanswered: name === writing.term?.active ? 0 : writing.admitted,
    bytes: lane.bytes,
    oldestAgeMs: oldestAtMs === null ? 0 : Math.max(0, Date.now() - oldestAtMs),
    held: judgeHold(writing, name),
    ...writing.ledger.counts(name),
    diverged: divergedBy.length > 0,
    divergedBy,
  };
}

async function close(writing: Writing): Promise<void> {
  const { request, sites, ledger, keeper } = writing;
  writing.isClosing = true;
  const endAtMs = performance.now() + request.settings.closeWithinMs;
  // The store and a server may come back in time; what people have closed stays closed.
  const isBusy = (): boolean =>
    writing.admitted > 0 ||
    [...sites.values()].some(
      ({ name, lane }) => lane.size > 0 && judgeHold(writing, name) !== "not-writable",
    );
  while (isBusy() && performance.now() < endAtMs) await wait(CLOSE_POLL_MS);
  for (const { name, lane, copier } of sites.values()) {
    copier.close();
    if (request.opened === null && lane.size > 0)
      ledger.lose(name, "closed", lane.size, "the source was closed before they were sent");
  }
  await keeper.close();
}
