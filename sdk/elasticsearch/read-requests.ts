/** Methods that change nothing by the definition of HTTP, and in Elasticsearch's API. */
const READ_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Endpoints that only read although they are asked with POST, because the question stands in the body, or with DELETE,
 * because it ends a reading (REST API of Elasticsearch 7.10 to 7.17). `{index}` may stand before those of the first list.
 * What is not listed counts as a write, so that a new one is refused rather than let through.
 */
const OF_AN_INDEX: ReadonlySet<string> = new Set([
  ...["_search", "_msearch", "_count", "_mget", "_mtermvectors", "_termvectors", "_field_caps", "_analyze"],
  ...[
    "_search/template",
    "_msearch/template",
    "_validate/query",
    "_rank_eval",
    "_eql/search",
    "_search_shards",
  ],
  ...["_graph/explore", "_rollup_search", "_async_search", "_terms_enum", "_knn_search", "_pit"],
]);
const OF_THE_CLUSTER: ReadonlySet<string> = new Set([
  ...[
    "_search/scroll",
    "_sql",
    "_sql/translate",
    "_sql/close",
    "_render/template",
    "_scripts/painless/_execute",
  ],
  ...["_security/user/_has_privileges", "_ingest/pipeline/_simulate"],
]);
/** Those of a document, `{index}/_explain/{id}`. */
const OF_A_DOCUMENT: ReadonlySet<string> = new Set(["_explain", "_termvectors"]);
const ENDS_A_READING: ReadonlySet<string> = new Set(["_search/scroll", "_pit"]);

/**
 * Tells whether a request only reads.
 *
 * @param method the HTTP method
 * @param path the path, with or without the first slash; without a query
 * @returns false for everything that is not known to read
 */
export function isReadRequest(method: string, path: string): boolean {
  if (READ_METHODS.has(method)) return true;
  const parts = path.split("/").filter((part) => part !== "");
  const all = parts.join("/");
  if (method === "DELETE")
    return ENDS_A_READING.has(all) || /^_(search\/scroll|async_search)\/[^/]+$/.test(all);
  if (method !== "POST") return false;
  if (OF_AN_INDEX.has(all) || OF_THE_CLUSTER.has(all)) return true;
  const [index = "", ...rest] = parts;
  // An index' name never begins with an underscore.
  if (index.startsWith("_")) return false;
  const [endpoint = ""] = rest;
  return OF_AN_INDEX.has(rest.join("/")) || (rest.length === 2 && OF_A_DOCUMENT.has(endpoint));
}
