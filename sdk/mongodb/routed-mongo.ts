import {
  type Db,
  type DbOptions,
  type MongoClient,
  MongoNetworkError,
  MongoServerSelectionError,
} from "mongodb";
import { SdkError } from "../errors.ts";
import type { Retry } from "../switching/acquire.ts";
import type { Switchboard } from "../switching/switchboard.ts";
import { isReadOnlyAnswer, type MongoSide } from "./mongo-side.ts";

/** How work is run. */
export interface RunOptions {
  /** The work does no harm when it is done twice: it may be begun again after a switch or a lost connection. */
  readonly idempotent?: boolean;
}

/** The active data centre's MongoDB, as the driver's own objects. */
export interface RoutedMongo {
  /**
   * Gives the driver's own `Db` of the active side. Ask for it again for each piece of work: it stays with its side, and
   * once that was left (after the drain time of a planned switch) all its calls reject with `SwitchedError`.
   *
   * @param name the database; the configured one if left out
   * @param options the driver's own
   * @throws SdkError if no side is active
   */
  db(name?: string, options?: DbOptions): Db;
  /**
   * Gives the driver's own client of the active side, for sessions and transactions; what is said of `db` holds for it
   * too. Do not close it: the source does.
   *
   * @throws SdkError if no side is active
   */
  client(): MongoClient;
  /**
   * Runs work that stays on one side from its beginning to its end: a switch ends it with `SwitchedError`, and none of
   * its calls reaches the other side. Sessions and transactions are begun on the client that it is given.
   *
   * @param work gets the configured database and the client of the active side
   * @param options whether the work may be begun again
   * @returns what the work returns
   */
  run<T>(work: (db: Db, client: MongoClient) => Promise<T>, options?: RunOptions): Promise<T>;
}

/**
 * Makes the routed surface.
 *
 * @param board where calls go
 * @param retry how work that may be begun again is tried again
 * @returns the surface
 */
export function createRoutedMongo(board: Switchboard<MongoSide>, retry: Retry): RoutedMongo {
  const activeSide = (): MongoSide => {
    if (board.active === null) throw board.refusal;
    return board.active;
  };
  return {
    db(name, options) {
      const side = activeSide();
      return side.client.db(name ?? side.database, options);
    },
    client: () => activeSide().client,
    async run(work, options = {}) {
      await passHold(board);
      for (let triesLeft = options.idempotent === true ? retry.times : 0; ; triesLeft -= 1) {
        try {
          const { client, database } = activeSide();
          return await work(client.db(database), client);
        } catch (error) {
          const isStale = isReadOnlyAnswer(error);
          if (isStale) await board.reread();
          if (triesLeft === 0 || !(isStale || mayPass(error))) throw error;
        }
        await new Promise<void>((resume) => board.waitForSwitch(retry.delayMs, resume));
      }
    },
  };
}

/** Nobody knows what the work will do, so that all of it waits. */
function passHold({ hold }: Switchboard<MongoSide>): Promise<void> | null {
  if (!hold.isOn) return null;
  return new Promise((resolve, reject) => {
    hold.add((refusal) => (refusal === null ? resolve() : reject(refusal)));
  });
}

/** Errors that another side, or the same one a moment later, may not have. */
function mayPass(error: unknown): boolean {
  if (error instanceof SdkError) return error.retryable;
  return error instanceof Error && isAway(error);
}

/** @returns true if the driver could not reach a server */
export function isAway(error: Error): boolean {
  return error instanceof MongoNetworkError || error instanceof MongoServerSelectionError;
}
