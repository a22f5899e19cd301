/** How a dialect of SQL writes its texts and comments. */
export interface SqlDialect {
  /** A backslash in a text quotes what follows, as MySQL does by default. */
  readonly backslash: boolean;
  /** `#` begins a comment. */
  readonly hash: boolean;
  /** `/*!` holds what MySQL executes. */
  readonly executable: boolean;
  /** Comments may stand in comments, and `$tag$` quotes a text. */
  readonly nested: boolean;
}

/** MySQL and MariaDB. */
export const MYSQL: SqlDialect = { backslash: true, hash: true, executable: true, nested: false };
/** PostgreSQL. */
export const POSTGRESQL: SqlDialect = { backslash: false, hash: false, executable: false, nested: true };

/** Oracle; what `q'[…]'` quotes is taken for plain texts, which ends in doubt and so on the active side. */
export const ORACLE: SqlDialect = { backslash: false, hash: false, executable: false, nested: false };

/** What a statement says once texts, quoted names and comments are taken away. */
export interface ScannedSql {
  /** The words in lower case, and each other character that is no space. */
  readonly tokens: readonly string[];
  readonly comments: readonly string[];
}

/** Space, words and numbers: most of a statement, and never the beginning of a text or comment. */
const PLAIN = /(\s+)|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[0-9][\w.]*/y;
const DOLLAR_QUOTE = /\$(?:[A-Za-z_][\w]*)?\$/y;

/**
 * Takes texts, quoted names and comments away from a statement.
 *
 * @param sql the statement
 * @param dialect of which database
 * @returns what is left; null if something does not end, or if a comment is executed
 */
export function scanSql(sql: string, dialect: SqlDialect): ScannedSql | null {
  const tokens: string[] = [];
  const comments: string[] = [];
  let at = 0;
  while (at < sql.length) {
    PLAIN.lastIndex = at;
    const plain = PLAIN.exec(sql);
    if (plain !== null) {
      if (plain[1] === undefined) tokens.push(plain[0].toLowerCase());
      at = PLAIN.lastIndex;
      continue;
    }
    const comment = endOfComment(sql, at, dialect);
    const end = comment ?? endOfQuote(sql, at, dialect, tokens.at(-1)) ?? at + 1;
    if (end === Number.POSITIVE_INFINITY) return null;
    if (comment !== null) comments.push(sql.slice(at, end));
    else tokens.push(end === at + 1 ? sql.charAt(at) : "''");
    at = end;
  }
  return { tokens, comments };
}

/** @returns where a comment that begins here ends; null: none begins; infinity: it has no end, or is executed */
function endOfComment(sql: string, at: number, dialect: SqlDialect): number | null {
  const first = sql.charAt(at);
  if (first !== "-" && first !== "/" && first !== "#") return null;
  const two = sql.slice(at, at + 2);
  if (two === "--" || (dialect.hash && two.startsWith("#"))) {
    // MySQL wants a space behind the dashes, without which they are two minus signs.
    if (two === "--" && dialect.hash && /\S/.test(sql.charAt(at + 2))) return null;
    const end = sql.indexOf("\n", at);
    return end === -1 ? sql.length : end;
  }
  if (two !== "/*") return null;
  if (dialect.executable && /^\/\*M?!/.test(sql.slice(at, at + 4))) return Number.POSITIVE_INFINITY;
  let depth = 1;
  for (let next = at + 2; next < sql.length; next += 1) {
    const pair = sql.slice(next, next + 2);
    if (pair === "*/") depth -= 1;
    else if (pair === "/*" && dialect.nested) depth += 1;
    else continue;
    if (depth === 0) return next + 2;
    next += 1;
  }
  return Number.POSITIVE_INFINITY;
}

/** @returns where a text or quoted name that begins here ends; null: none begins; infinity: it has no end */
function endOfQuote(sql: string, at: number, dialect: SqlDialect, before: string | undefined): number | null {
  const quote = sql.charAt(at);
  if (dialect.nested && quote === "$") {
    DOLLAR_QUOTE.lastIndex = at;
    const tag = DOLLAR_QUOTE.exec(sql)?.[0];
    if (tag === undefined) return null;
    const end = sql.indexOf(tag, at + tag.length);
    return end === -1 ? Number.POSITIVE_INFINITY : end + tag.length;
  }
  if (quote !== "'" && quote !== '"' && quote !== "`") return null;
  const isEscaped =
    quote !== "`" && (dialect.backslash || (before === "e" && /[eE]/.test(sql.charAt(at - 1))));
  for (let next = at + 1; next < sql.length; next += 1) {
    const char = sql.charAt(next);
    if (char === "\\" && isEscaped) next += 1;
    else if (char === quote && sql.charAt(next + 1) === quote) next += 1;
    else if (char === quote) return next + 1;
  }
  return Number.POSITIVE_INFINITY;
}
