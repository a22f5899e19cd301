import { Client, errors, Transport } from "@elastic/elasticsearch";
import { NotWritableError } from "../errors.ts";
import { MAX_WAITING, type Retry, tooManyWait } from "../switching/acquire.ts";
import type { Switchboard } from "../switching/switchboard.ts";
import type { SearchDone } from "./calls-in-flight.ts";
import { isWriteBlocked } from "./judge-errors.ts";
import { isReadRequest } from "./read-requests.ts";
import type { SearchParams, SearchSide } from "./search-side.ts";

/** With what the client's errors begin when no connection stood, so that nothing was sent. */
const NOT_CONNECTED = /^(connect E|getaddrinfo )/;
/** The client wants a node of its own; nothing is ever sent there. */
const NOWHERE = "http://routed.invalid";

/** What the client calls a result, of a request that has none. */
const NO_ANSWER = { body: null, statusCode: null, headers: null, warnings: null, meta: {} };

/** One request on its way, over all tries. */
interface Call {
  readonly params: SearchParams;
  readonly options: object;
  readonly done: SearchDone;
  triesLeft: number;
  isAborted: boolean;
  abort(): void;
}

/**
 * Makes the driver's own client over all data centres: each request goes to the active one. What the client's API methods
 * and helpers do is the driver's own; only where they hand their request over is ours.
 *
 * @param board where requests go
 * @param retry how a request that was not sent is tried again
 * @param end what `close()` does: closes the data source
 * @returns the client
 */
export function createRoutedClient(
  board: Switchboard<SearchSide>,
  retry: Retry,
  end: () => Promise<void>,
): Client {
  class RoutedTransport extends Transport {}
  Object.defineProperty(RoutedTransport.prototype, "request", {
    configurable: true,
    writable: true,
    value: (params: SearchParams, options: unknown, callback: unknown): unknown => {
      const done = typeof options === "function" ? options : callback;
      const given = typeof options === "object" && options !== null ? options : {};
      if (typeof done === "function") return begin(board, retry, params, given, done as SearchDone);
      let abort: () => void = () => undefined;
      const answer = new Promise((resolve, reject) => {
        ({ abort } = begin(board, retry, params, given, (error, result) => {
          if (error === null) resolve(result);
          else reject(error);
        }));
      });
      return Object.assign(answer, { abort });
    },
  });
  const client = new Client({ node: NOWHERE, Transport: RoutedTransport });
  Object.defineProperty(client, "close", {
    value: (callback?: () => void): unknown => {
      const ended = end();
      return callback === undefined ? ended : void ended.then(callback);
    },
  });
  return client;
}

function begin(
  board: Switchboard<SearchSide>,
  retry: Retry,
  params: SearchParams,
  options: object,
  done: SearchDone,
): { abort(): void } {
  const call: Call = {
    ...{ params, options, done, isAborted: false },
    // A stream is gone once it was sent.
    triesLeft: isStream(params.body) || isStream(params.bulkBody) ? 0 : retry.times,
    abort: () => undefined,
  };
  sendTo(board, retry, call);
  return {
    abort() {
      call.isAborted = true;
      call.abort();
    },
  };
}

function sendTo(board: Switchboard<SearchSide>, retry: Retry, call: Call): void {
  if (board.hold.isOn && !isReadRequest(call.params.method, call.params.path)) {
    hold(board, retry, call);
    return;
  }
  const side = board.active;
  const refusal = side === null ? board.refusal : findRefusal(side, call);
  if (side === null || refusal !== null) {
    process.nextTick(call.done, refusal, NO_ANSWER);
    return;
  }
  call.abort = side.send(call.params, call.options, (error, result) => {
    if (error === null || call.triesLeft === 0 || call.isAborted) return call.done(error, result);
    call.triesLeft -= 1;
    if (error instanceof errors.ConnectionError && NOT_CONNECTED.test(error.message)) {
      return board.waitForSwitch(retry.delayMs, () => sendTo(board, retry, call));
    }
    if (!isWriteBlocked(error)) return call.done(error, result);
    // It was refused, so that it may be sent elsewhere if the route says that there is another side by now.
    void board.reread().then(() => {
      if (board.active === side) call.done(error, result);
      else sendTo(board, retry, call);
    });
  });
}

function hold(board: Switchboard<SearchSide>, retry: Retry, call: Call): void {
  const leave = board.hold.add((refusal) => {
    if (refusal === null) sendTo(board, retry, call);
    else call.done(refusal, NO_ANSWER);
  });
  call.abort = () => {
    leave();
    process.nextTick(call.done, aborted(), NO_ANSWER);
  };
}

function aborted(): Error {
  return new errors.RequestAbortedError("Request aborted", NO_ANSWER as never);
}

function findRefusal(side: SearchSide, { params, isAborted }: Call): Error | null {
  if (isAborted) return aborted();
  if (side.readOnly && !isReadRequest(params.method, params.path)) {
    const request = `${params.method} ${params.path}`;
    return new NotWritableError(
      `the active data centre is set to not writable, so ${request.slice(0, 200)} was not sent`,
    );
  }
  if (side.busy() >= MAX_WAITING) return tooManyWait(side.dataCentre);
  return null;
}

function isStream(body: unknown): boolean {
  return typeof body === "object" && body !== null && "pipe" in body;
}
