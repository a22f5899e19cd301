/** What the SDK uses of a connection of `oracledb`; applications may use all of it. */
export interface OracleConnection {
  execute(sql: string, binds?: unknown, options?: object): Promise<OracleResult>;
  executeMany(sql: string, binds: unknown, options?: object): Promise<OracleResult>;
  queryStream(sql: string, binds?: unknown, options?: object): unknown;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  ping(): Promise<void>;
  close(options?: object): Promise<void>;
}

/** What a statement gives, as the driver does. */
export interface OracleResult {
  readonly rows?: unknown[];
  readonly rowsAffected?: number;
  readonly outBinds?: unknown;
  readonly metaData?: unknown[];
}

/** What the SDK uses of the package `oracledb`: connections of their own, never its pools. */
export interface OracleDriver {
  getConnection(attributes: object): Promise<OracleConnection>;
}

/**
 * Loads the driver in its thin mode.
 *
 * @returns the package `oracledb`
 */
export async function loadOracleDriver(): Promise<OracleDriver> {
  // The package brings no types of its own.
  const name: string = "oracledb";
  const { default: driver } = (await import(name)) as { default: OracleDriver };
  return driver;
}
