import { expect, test } from "vitest";
import { parseConfig } from "../../sdk/config/parse-config.ts";
import { ConfigError } from "../../sdk/errors.ts";

const TEXT = `
props: { version: v1, instanceId: inst, appId: shop, monitorId: db }
etcd: { address: "10.0.0.1:2379,10.0.0.2:2379", apiVersion: v3, username: sdk, password: "\${ETCD_PASSWORD}", httpsEnable: true }
sources:
  dc1: { host: "\${DB1:-db1.local}", port: 5432, database: shop, username: app, password: "\${DB_PASSWORD}" }
  dc2: { host: db2.local, port: "\${DB2_PORT}", database: shop, username: app, password: "\${DB_PASSWORD}" }
router: { active: dc1, algorithm: single-read-write, retry: { times: 5, delayMs: 20 } }
`;
const PASSWORD_LINE = `password: "\${ETCD_PASSWORD}"`;
const VARIABLES = { ETCD_PASSWORD: "e: #1", DB_PASSWORD: 'p"}', DB2_PORT: "5433" };

function problemsOf(text: string, variables = VARIABLES): readonly string[] {
  try {
    parseConfig(text, variables);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test("the console's YAML is read, and what variables hold changes values only", () => {
  const config = parseConfig(TEXT, VARIABLES);
  expect(config.etcd?.password).toBe("e: #1");
  expect(config.sources.dc1).toEqual({
    host: "db1.local",
    port: 5432,
    database: "shop",
    username: "app",
    password: 'p"}',
  });
  expect(config.sources.dc2?.port).toBe(5433);
  expect(config.router.retry).toEqual({ times: 5, delayMs: 20 });
});

test("a variable that is not set is named with the place that wants it", () => {
  const problems = problemsOf(TEXT, { ...VARIABLES, DB_PASSWORD: undefined as never });
  expect(problems).toHaveLength(2);
  expect(problems[0]).toMatch(/^sources\.dc1\.password: the environment variable DB_PASSWORD is not set/);
});

test("each problem tells the path, the kind of value that stands there and what is wanted", () => {
  const problems = problemsOf(
    TEXT.replace("port: 5432", "port: [1]")
      .replace("active: dc1", "active: dc7")
      .replace("appId: shop, ", ""),
  );
  expect(problems.some((problem) => /^props\.appId: .*it is missing/.test(problem))).toBe(true);
  expect(problems.some((problem) => /^sources\.dc1\.port: .*it is a list/.test(problem))).toBe(true);
  const unknown = problemsOf(TEXT.replace("active: dc1", "active: dc7"));
  expect(unknown).toEqual([expect.stringMatching(/^router\.active: names a data centre that/)]);
});

test("no message holds a secret, neither a wrong one nor one on a broken line", () => {
  const wrong = TEXT.replace(PASSWORD_LINE, "password: [topsecret]");
  expect(problemsOf(wrong).join()).toContain("etcd.password");
  expect(problemsOf(wrong).join()).not.toContain("topsecret");
  const broken = TEXT.replace(PASSWORD_LINE, 'password: "topsecret');
  expect(problemsOf(broken)[0]).toMatch(/the text is no YAML \([A-Z_]+, line \d+\)/);
  expect(problemsOf(broken).join()).not.toContain("topsecret");
});

test("a field that nobody knows is a problem: it may be a misspelt one", () => {
  expect(problemsOf(TEXT.replace("httpsEnable: true", "httpEnable: true")).join()).toContain("httpEnable");
});

test("an address that is no list of host:port is a problem of the configuration", () => {
  const wrong = TEXT.replace("10.0.0.1:2379,10.0.0.2:2379", "http://10.0.0.1");
  expect(problemsOf(wrong)).toEqual([expect.stringMatching(/^etcd\.address: is to be host:port/)]);
  const six = TEXT.replace("10.0.0.1:2379,10.0.0.2:2379", "[fd00::1]:2379, etcd-2.local:2379");
  expect(problemsOf(six)).toEqual([]);
});

test("several servers of one data centre stand in a list, the first of which is its host and port", () => {
  const several = TEXT.replace(
    "host: db2.local, port:",
    "addresses: ['db2.local:27017', '[fd00::1]:27018'] #",
  );
  const source = parseConfig(several.replace(/#.*/, "}"), VARIABLES).sources.dc2;
  expect(source).toEqual({
    host: "db2.local",
    port: 27_017,
    addresses: ["db2.local:27017", "[fd00::1]:27018"],
  });
});

test("a source without a server, with one that has no port, or with both forms is a problem", () => {
  const first = `host: "\${DB1:-db1.local}", port: 5432`;
  const wanted = /host and port are wanted, or addresses instead of them/;
  expect(problemsOf(TEXT.replace(`${first}, `, ""))).toEqual([expect.stringMatching(wanted)]);
  expect(problemsOf(TEXT.replace(", port: 5432", ""))[0]).toMatch(/^sources\.dc1\.port: .*is missing/);
  expect(problemsOf(TEXT.replace(first, `${first}, addresses: ['a:1']`))).toEqual([
    expect.stringMatching(wanted),
  ]);
  expect(problemsOf(TEXT.replace(first, "addresses: ['a:1', 'b:70000']"))[0]).toMatch(
    /^sources\.dc1\.addresses\.1: has no port/,
  );
});
