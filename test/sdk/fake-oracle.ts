import type { OracleConnection, OracleDriver, OracleResult } from "../../sdk/oracle/oracle-driver.ts";

/** One server behind the fake driver: no protocol, only what a session of Oracle does with transactions. */
export interface FakeServer {
  readonly name: string;
  /** What is committed. */
  readonly committed: string[];
  /** Every statement that arrived. */
  readonly statements: string[];
  /** Connections that stand. */
  open: number;
  /** No answer any more, to whatever is asked. */
  isHung: boolean;
  /** With what logins are refused; null: they are let in. */
  refusal: string | null;
  /** With what writes are refused; null: they are taken. */
  writeRefusal: string | null;
}

/** @returns an error as the driver makes it */
export function oracleError(code: string, words = "made up"): Error {
  return Object.assign(new Error(`${code}: ${words}`), { code });
}

/** @returns a server that takes everything */
export function createFakeServer(name: string): FakeServer {
  return {
    ...{ name, committed: [], statements: [], open: 0 },
    ...{ isHung: false, refusal: null, writeRefusal: null },
  };
}

/**
 * Makes a driver for servers by their host names.
 *
 * @param servers by host
 */
export function createFakeOracle(servers: Readonly<Record<string, FakeServer>>): OracleDriver {
  return {
    async getConnection(attributes) {
      const connectString = String(Reflect.get(attributes, "connectString"));
      const host = /\(HOST=([^)]*)\)/.exec(connectString)?.[1] ?? "";
      const server = servers[host];
      if (server === undefined) throw oracleError("NJS-530");
      await answer(server);
      if (server.refusal !== null) throw oracleError(server.refusal);
      server.open += 1;
      return connect(server);
    },
  };
}

async function answer(server: FakeServer): Promise<void> {
  // Nothing is answered in the turn in which it was asked.
  await new Promise((resolve) => setImmediate(resolve));
  if (server.isHung) await new Promise<never>(() => undefined);
}

function connect(server: FakeServer): OracleConnection {
  let uncommitted: string[] = [];
  let isReading = false;
  let isOpen = true;
  const execute = async (sql: string, binds: unknown = [], options: object = {}): Promise<OracleResult> => {
    if (!isOpen) throw oracleError("NJS-003");
    server.statements.push(sql);
    await answer(server);
    if (sql === "SET TRANSACTION READ ONLY") {
      isReading = true;
      return {};
    }
    const isWrite = /^(INSERT|BEGIN)|writes_in_secret/i.test(sql);
    if (!isWrite) return { rows: [[server.name]] };
    if (isReading) throw oracleError("ORA-01456");
    if (server.writeRefusal !== null) throw oracleError(server.writeRefusal);
    uncommitted.push(String((binds as unknown[])[0]));
    if (Reflect.get(options, "autoCommit") === true) server.committed.push(...uncommitted.splice(0));
    return { rowsAffected: 1 };
  };
  const shut = (): void => {
    if (isOpen) server.open -= 1;
    isOpen = false;
    uncommitted = [];
  };
  const connection: OracleConnection = {
    execute,
    executeMany: execute,
    queryStream: () => null,
    async commit() {
      await answer(server);
      isReading = false;
      server.committed.push(...uncommitted.splice(0));
    },
    async rollback() {
      await answer(server);
      isReading = false;
      uncommitted = [];
    },
    ping: () => answer(server),
    async close() {
      shut();
    },
  };
  // Where the driver's thin mode keeps its socket.
  return Object.assign(connection, { _impl: { nscon: { ntAdapter: { stream: { destroy: shut } } } } });
}
