import type { Route } from "@evenkeel/contracts/route";
import type { CopySettings } from "@evenkeel/contracts/sdk-config";
import { type AnswerOrder, createAnswerOrder } from "./answer-order.ts";
import { type Copier, type CopyOutcome, createCopier } from "./copier.ts";
import { type CopyLedger, createCopyLedger, type DivergedReason } from "./copy-ledger.ts";
import type { HeldReason } from "./copy-status.ts";
import type { Entry } from "./delivery.ts";
import { createJournalKeeper, type JournalKeeper } from "./journal-keeper.ts";
import type { Copy } from "./judge-command.ts";
import { createLane, type Lane } from "./lane.ts";
import type { OpenedJournal } from "./open-journal.ts";
import type { Term } from "./term.ts";

/** What the driver does for the copies. */
export interface CopyDriver {
  isReady(dataCentre: string): boolean;
  /** Sends the commands of one entry, several as one transaction; it never rejects. */
  send(dataCentre: string, entry: Entry): Promise<CopyOutcome>;
  /** @returns the keys of commands, each byte as one character */
  keysOf(commands: Copy["commands"]): readonly string[];
}

/** What a double writer is made of. */
export interface DoubleWriterRequest {
  readonly settings: CopySettings;
  readonly dataCentres: readonly string[];
  readonly driver: CopyDriver;
  /** Null: the queue lives in memory only. */
  readonly opened: OpenedJournal | null;
  /** Told when a data centre is missing copies for a reason that it was not missing any for. */
  readonly onDiverged: (dataCentre: string, reason: DivergedReason, message: string) => void;
  readonly onProblem: (message: string) => void;
}

/** The way to one data centre. */
export interface Site {
  readonly name: string;
  readonly lane: Lane;
  readonly copier: Copier;
}

/** What all parts of one writer share. */
export interface Writing {
  readonly request: DoubleWriterRequest;
  readonly ledger: CopyLedger;
  readonly keeper: JournalKeeper;
  readonly sites: Map<string, Site>;
  /** Null before the first route. */
  term: Term | null;
  /** Another object for each term: a write is copied only in the term in which it was let in. */
  mark: object;
  route: Route | null;
  isReached: boolean;
  isClosing: boolean;
  /** Writes that were let in and are not answered. */
  admitted: number;
  admittedBytes: number;
  lastId: number;
  readonly order: AnswerOrder;
}

/**
 * Makes what the parts of a writer share, with a way to each data centre.
 *
 * @param request what it is made of
 * @throws the file system's error if a queue on disk cannot be written
 */
export async function beginWriting(request: DoubleWriterRequest): Promise<Writing> {
  const { dataCentres, opened, onProblem } = request;
  const sites = new Map<string, Site>();
  const ledger = createCopyLedger(dataCentres, (...told) => {
    keeper.noteDiverged();
    request.onDiverged(...told);
  });
  if (opened !== null) ledger.restore(opened.left.divergedBy);
  const keeper: JournalKeeper = await createJournalKeeper(opened, {
    onProblem,
    divergedBy: () => dataCentres.map((name) => [name, ledger.divergedBy(name)] as const),
    queued: () => new Map([...sites.values()].map(({ name, lane }) => [name, lane.deliveries()])),
    isCurrent: ({ term }) => term === writing.mark,
    oldestId: () => Math.min(...[...sites.values()].map(({ lane }) => lane.oldestId() ?? Infinity)),
    bytes: () => Math.max(0, ...[...sites.values()].map(({ lane }) => lane.bytes)),
  });
  const writing: Writing = {
    ...{ request, ledger, keeper, sites, term: null, mark: {}, route: null },
    ...{ isReached: false, isClosing: false, admitted: 0, admittedBytes: 0 },
    ...{ lastId: opened?.left.lastId ?? 0, order: createAnswerOrder() },
  };
  for (const name of dataCentres) sites.set(name, createSite(writing, name));
  return writing;
}

function createSite(writing: Writing, name: string): Site {
  const { settings, driver } = writing.request;
  const lane = createLane(settings);
  const copier = createCopier({
    lane,
    async send(entry) {
      // Whoever replays the journal must know that this one may stand there already.
      if (!entry.isRepeatable) await writing.keeper.noteBegun(name, entry.id);
      // A switch may have come while that was written.
      const maySend = entry.term === writing.mark && judgeHold(writing, name) === null;
      return maySend ? await driver.send(name, entry) : { kind: "later" };
    },
    isOpen: () => judgeHold(writing, name) === null,
    isReady: () => driver.isReady(name),
    isValid: ({ term }) => term === writing.mark,
    onSent(entry) {
      writing.ledger.countSent(name);
      writing.keeper.noteDone(name, entry.id);
    },
    onLost(entry, reason, message) {
      writing.ledger.lose(name, reason, 1, message);
      writing.keeper.noteDone(name, entry.id);
    },
  });
  return { name, lane, copier };
}

/**
 * Judges whether copies may be sent to a data centre now.
 *
 * @returns why not; null: they may
 */
export function judgeHold({ route, isReached }: Writing, dataCentre: string): HeldReason | null {
  if (route === null) return "no-route";
  if (!isReached) return "store-away";
  return route.dataCentres[dataCentre]?.writable === true ? null : "not-writable";
}

/** Lists the data centres that writes are copied to. @param active the one that executes them */
export function* destinationsOf({ sites }: Writing, active: string | null): Generator<Site> {
  for (const site of sites.values()) if (site.name !== active) yield site;
}

/** Looks for something to send to each data centre. */
export function wakeAll({ sites }: Writing): void {
  for (const { copier } of sites.values()) copier.wake();
}

/** Counts what is missing in each data centre but the one that has executed it, or may have. */
export function loseBeside(
  writing: Writing,
  active: string | null,
  reason: DivergedReason,
  count: number,
  message: string,
): void {
  for (const { name } of destinationsOf(writing, active)) writing.ledger.lose(name, reason, count, message);
}
