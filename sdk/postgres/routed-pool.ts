import pg from "pg";
import { createWriteJudge } from "../routing/judge-writes.ts";
import { type ReadRoute, routeReads } from "../routing/route-reads.ts";
import { POSTGRESQL } from "../routing/scan-sql.ts";
import { type AcquireRequest, acquireConnection } from "../switching/acquire.ts";
import type { RoutedRequest } from "../switching/routed-request.ts";
import { waitForWriter } from "../switching/try-again.ts";
import { isAway, isReadOnlyAnswer } from "./judge-errors.ts";
import type { PgSide } from "./pg-side.ts";
import { type QueryDone, runOn } from "./run-statement.ts";

/** Has no state of its own, so that one serves all pools. */
const WRITES = createWriteJudge(POSTGRESQL);

type ConnectDone = (
  error: Error | undefined,
  client: pg.PoolClient | undefined,
  release: (destroy?: Error | boolean) => void,
) => void;

/**
 * A `pg.Pool` over all data centres: every checkout goes to the active one, and a client stays with its own for as long
 * as it is out, so that a transaction is never split. It is a subclass because drizzle, knex and typeorm tell a pool
 * from a single client by its class.
 */
export class RoutedPool extends pg.Pool {
  readonly #request: AcquireRequest<PgSide, pg.PoolClient>;
  readonly #reads: ReadRoute<PgSide> | null;
  readonly #end: () => Promise<void>;

  constructor({ board, readers, retry, end }: RoutedRequest<PgSide>) {
    // The base class never connects: every method that would is overridden.
    super({ max: 1 });
    // kysely would connect to wherever pg's own defaults point, in order to cancel a query, if it found pg's class here.
    Reflect.set(this, "Client", null);
    this.#request = {
      ...{ board, retry },
      acquire: (side, done) => side.acquire(done),
      giveBack: (client) => client.release(),
      mayWrite: WRITES.mayWrite,
      isAway,
    };
    this.#reads = routeReads(readers, POSTGRESQL, isAway);
    this.#end = end;
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectDone): void;
  override connect(callback?: ConnectDone): Promise<pg.PoolClient> | undefined {
    if (callback === undefined) {
      return new Promise((resolve, reject) => {
        acquireConnection(this.#request, (error, client) => {
          if (client === null) reject(error);
          else resolve(client);
        });
      });
    }
    acquireConnection(this.#request, (error, client) => {
      if (client === null) callback(error ?? undefined, undefined, () => undefined);
      else callback(undefined, client, client.release);
    });
    return undefined;
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | undefined {
    const ended = this.#end();
    if (callback === undefined) return ended;
    void ended.then(callback);
    return undefined;
  }

  /** Numbers of the active side's pool, under pg's names. */
  countOf(name: "totalCount" | "idleCount" | "waitingCount"): number {
    return this.#request.board.active?.pool[name] ?? 0;
  }

  /**
   * Runs one statement; what `query` of pg's pool does. It goes to the active side, or reads elsewhere where the
   * configuration says so.
   *
   * @param text as pg takes it
   * @param values as pg takes it
   * @param done gets the result or the error
   */
  runStatement(text: unknown, values: unknown, done: QueryDone): void {
    const reads = this.#reads;
    const reader = reads?.sideOf(text) ?? null;
    if (reads === null || reader === null) {
      this.#runActive(text, values, done);
      return;
    }
    reader.acquire((missing, client) => {
      if (missing !== null || client === null) this.#runActive(text, values, done);
      else
        runOn(client, text, values, (error, result) => {
          if (error && reads.mayAskActive(text, error)) this.#runActive(text, values, done);
          else done(error, result);
        });
    });
  }

  #runActive(text: unknown, values: unknown, done: QueryDone, triesLeft = this.#request.retry.times): void {
    const request = this.#request;
    acquireConnection(
      request,
      (error, client) => {
        if (client === null) done(error);
        else
          runOn(client, text, values, (failure, result) => {
            const isAgain = failure && triesLeft > 0 && isReadOnlyAnswer(failure) && WRITES.mayRepeat(text);
            if (isAgain) waitForWriter(request, () => this.#runActive(text, values, done, triesLeft - 1));
            else done(failure, result);
          });
      },
      text,
    );
  }
}

// `query` has too many overloads to be repeated here; its forms are pg's own, and only their last argument matters.
Object.defineProperty(RoutedPool.prototype, "query", {
  configurable: true,
  writable: true,
  value: function routedQuery(this: RoutedPool, text: unknown, values: unknown, callback: unknown): unknown {
    const done = typeof values === "function" ? values : callback;
    const given = typeof values === "function" ? undefined : values;
    if (typeof done === "function") {
      this.runStatement(text, given, done as QueryDone);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.runStatement(text, given, (error, result) => {
        if (error) reject(error);
        else resolve(result);
      });
    });
  },
});

// pg has these as getters, and its types as plain properties, which a subclass may not override with getters.
for (const name of ["totalCount", "idleCount", "waitingCount"] as const) {
  Object.defineProperty(RoutedPool.prototype, name, {
    configurable: true,
    get(this: RoutedPool) {
      return this.countOf(name);
    },
  });
}
