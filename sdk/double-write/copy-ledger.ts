import type { LossReason } from "./copier.ts";

/** Why copies of one data centre may differ from the active one. */
export type DivergedReason =
  | LossReason
  /** The process was ended with copies in memory. */
  | "closed"
  /** A file of the queue ended in a record that is not whole. */
  | "torn";

/** What happened to the copies for one data centre since the source was opened. */
export interface CopyCounts {
  readonly sent: number;
  /** The server refused them. */
  readonly failed: number;
  /** Sent and never answered, on the active side or on the copy. */
  readonly uncertain: number;
  /** Written before a switch and not sent by then. */
  readonly discarded: number;
  /** Given up because the queue was full, or because the process was ended. */
  readonly dropped: number;
  /** Writes that were refused because the queue was full. */
  readonly refused: number;
}

/** What is not copied, counted by data centre, and what is known to be missing there. */
export interface CopyLedger {
  counts(dataCentre: string): CopyCounts;
  divergedBy(dataCentre: string): readonly DivergedReason[];
  countSent(dataCentre: string): void;
  countRefused(dataCentre: string): void;
  /** Counts what is missing from now on. */
  lose(dataCentre: string, reason: DivergedReason, count: number, message: string): void;
  /** Somebody has brought the data centre's data up to date. */
  forgive(dataCentre: string): void;
  /** Takes over what an earlier process knew. */
  restore(by: Readonly<Record<string, readonly string[]>>): void;
}

/** Told when a data centre is missing copies for a reason that it was not missing any for. */
export type OnDiverged = (dataCentre: string, reason: DivergedReason, message: string) => void;

type Counts = { -readonly [Key in keyof CopyCounts]: number };

const COUNTER_OF: Readonly<Record<DivergedReason, keyof CopyCounts | null>> = {
  failed: "failed",
  uncertain: "uncertain",
  discarded: "discarded",
  dropped: "dropped",
  closed: "dropped",
  torn: null,
};

/**
 * Makes an empty ledger.
 *
 * @param dataCentres all of them
 * @param onDiverged told of each new reason
 */
export function createCopyLedger(dataCentres: readonly string[], onDiverged: OnDiverged): CopyLedger {
  const pages = new Map(
    dataCentres.map((name): [string, { counts: Counts; reasons: Set<DivergedReason> }] => [
      name,
      {
        counts: { sent: 0, failed: 0, uncertain: 0, discarded: 0, dropped: 0, refused: 0 },
        reasons: new Set(),
      },
    ]),
  );
  const pageOf = (dataCentre: string) => {
    const page = pages.get(dataCentre);
    if (page === undefined) throw new Error(`${dataCentre} is no data centre of this source`);
    return page;
  };
  return {
    counts: (dataCentre) => ({ ...pageOf(dataCentre).counts }),
    divergedBy: (dataCentre) => [...pageOf(dataCentre).reasons],
    countSent(dataCentre) {
      pageOf(dataCentre).counts.sent += 1;
    },
    countRefused(dataCentre) {
      pageOf(dataCentre).counts.refused += 1;
    },
    lose(dataCentre, reason, count, message) {
      const { counts, reasons } = pageOf(dataCentre);
      const counter = COUNTER_OF[reason];
      if (counter !== null) counts[counter] += count;
      if (reasons.has(reason)) return;
      reasons.add(reason);
      onDiverged(dataCentre, reason, message);
    },
    forgive: (dataCentre) => pageOf(dataCentre).reasons.clear(),
    restore(by) {
      for (const [dataCentre, reasons] of Object.entries(by)) {
        for (const reason of reasons) {
          if (reason in COUNTER_OF) pages.get(dataCentre)?.reasons.add(reason as DivergedReason);
        }
      }
    },
  };
}
