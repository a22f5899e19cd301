import { describe, expect, test } from "vitest";
import { isReadRequest } from "../../sdk/elasticsearch/read-requests.ts";

const READS = [
  ["GET", "/orders/_doc/1"],
  ["HEAD", "orders"],
  ["POST", "/orders/_search"],
  ["POST", "/a,b*/_search"],
  ["POST", "_msearch"],
  ["POST", "/orders/_search/template"],
  ["POST", "/_search/scroll"],
  ["DELETE", "/_search/scroll"],
  ["DELETE", "/_search/scroll/abc"],
  ["DELETE", "/_pit"],
  ["POST", "/orders/_pit"],
  ["POST", "/orders/_explain/1"],
  ["POST", "/_sql"],
];
/** The last ones are documents whose ids look like an endpoint. */
const WRITES = [
  ["PUT", "/orders/_doc/1"],
  ["POST", "/orders/_doc"],
  ["POST", "/_bulk"],
  ["POST", "/orders/_update/1"],
  ["POST", "/orders/_delete_by_query"],
  ["POST", "/_reindex"],
  ["DELETE", "/orders"],
  ["DELETE", "/orders/_doc/1"],
  ["POST", "/orders/_doc/_search"],
  ["POST", "/_doc/_search"],
  ["POST", "/_something_new"],
  ["DELETE", "/_all"],
];

describe("a request of Elasticsearch", () => {
  test.each(READS)("%s %s reads", (method, path) => expect(isReadRequest(method, path)).toBe(true));
  test.each(WRITES)("%s %s may write", (method, path) => expect(isReadRequest(method, path)).toBe(false));
});
