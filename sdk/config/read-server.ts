/** One server as the layouts of MAS and devspore describe it; fields without a value are null or missing. */
export interface DescribedServer {
  /** `tcp(host:port)/database?…`, as Go's driver takes it. */
  readonly url?: string | number | null | undefined;
  /** `jdbc:mysql://host:port/database?…`. */
  readonly jdbcUrl?: string | number | null | undefined;
  /** `host:port`. */
  readonly server?: string | number | null | undefined;
  readonly schema?: string | number | null | undefined;
  readonly username?: string | number | null | undefined;
  readonly password?: string | number | null | undefined;
}

/** A server in our own words. */
export interface ReadServer {
  readonly host: string;
  readonly port: number;
  readonly database?: string;
  readonly username?: string;
  readonly password?: string;
}

/** Address, database and parameters of Go's form, of JDBC's, and of an address alone. */
const FORMS = [
  /^tcp\((?<address>[^)]+)\)(?:\/(?<database>[^?]*))?(?:\?(?<parameters>.*))?$/,
  /^jdbc:[a-z]+:\/\/(?<address>[^/?,]+)(?:\/(?<database>[^?]*))?(?:\?(?<parameters>.*))?$/,
  /^(?<address>[^/?,\s]+)$/,
];
const ADDRESS = /^(?:\[(?<six>[0-9a-fA-F:]+)\]|(?<host>[A-Za-z0-9._-]+)):(?<port>[0-9]{1,5})$/;
/** Parameters that ask for TLS, unless they say no. */
const WANTS_TLS = /(?:^|&)(?:tls|usessl|ssl|sslmode|requiressl)=(?!false|disabled?\b)[^&]+/i;

/**
 * Reads one server.
 *
 * @param described the server
 * @param path where it stands, for the problems
 * @param problems gets what cannot be taken over, without any value
 * @returns the server; null if there was a problem
 */
export function readServer(described: DescribedServer, path: string, problems: string[]): ReadServer | null {
  const given = [described.url, described.jdbcUrl, described.server].find(isGiven);
  const written = String(given ?? "").trim();
  const parts = FORMS.map((form) => form.exec(written)?.groups).find((groups) => groups !== undefined);
  const address = ADDRESS.exec(parts?.address ?? "")?.groups;
  const host = address?.six ?? address?.host;
  if (host === undefined) {
    problems.push(
      `${path}: has no address of the form tcp(host:port)/database, jdbc:…://host:port/database or host:port`,
    );
    return null;
  }
  if (WANTS_TLS.test(parts?.parameters ?? "")) {
    problems.push(`${path}: its parameters ask for TLS; leave them out and give \`driver.ssl\` in the code`);
    return null;
  }
  const { schema, username, password } = described;
  const database = isGiven(parts?.database) ? parts?.database : schema;
  return {
    host,
    port: Number(address?.port),
    ...(isGiven(database) ? { database: String(database) } : {}),
    ...(isGiven(username) ? { username: String(username) } : {}),
    ...(isGiven(password) ? { password: String(password) } : {}),
  };
}

/**
 * Reads several addresses.
 *
 * @param hosts `host:port`, with commas between
 * @param path where they stand, for the problems
 * @param problems gets what cannot be taken over
 * @returns each address
 */
export function readAddresses(hosts: string, path: string, problems: string[]): string[] {
  const addresses = hosts.split(",").map((each) => each.trim());
  for (const [at, address] of addresses.entries())
    if (!ADDRESS.test(address))
      problems.push(`${path}: is to be host:port, with commas between; number ${at + 1} is not`);
  return addresses;
}

function isGiven(value: string | number | null | undefined): boolean {
  return value !== null && value !== undefined && value !== "";
}
