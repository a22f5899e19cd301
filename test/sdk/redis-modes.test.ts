import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { expect, test } from "vitest";
import { decipherConfig } from "../../sdk/config/decipher-config.ts";
import { parseConfig } from "../../sdk/config/parse-config.ts";
import { ConfigError } from "../../sdk/errors.ts";
import { openMysql } from "../../sdk/open-mysql.ts";
import { openRedis } from "../../sdk/open-redis.ts";

type Source = SdkConfigInput["sources"][string];
type Router = Partial<SdkConfigInput["router"]>;

const CLUSTER: Source = { mode: "cluster", addresses: ["n1:1", "n2:1"] };
const SENTINEL: Source = { mode: "sentinel", addresses: ["s1:1"], sentinelPassword: "secret9" };

const configOf = (dc1: Source, router: Router = {}): SdkConfigInput => ({
  props: { version: "v1", instanceId: "inst", appId: "shop", monitorId: "cache" },
  sources: { dc1, dc2: { host: "b", port: 1 } },
  router: { active: "dc2", algorithm: "single-read-write", ...router },
});

/** What opening is refused with; nothing is connected to then. */
async function problemsOf(opening: Promise<unknown>): Promise<readonly string[]> {
  const error = await opening.catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigError)) throw new Error("it was opened", { cause: error });
  expect(error.message).not.toContain("secret9");
  return error.problems;
}

test("sentinels and nodes are named by addresses, the first of which stands for all", () => {
  const { dc1 } = parseConfig(configOf(SENTINEL), {}).sources;
  expect(dc1).toEqual({ ...SENTINEL, host: "s1", port: 1 });
});

test.each(["masterName", "sentinelUsername", "sentinelPassword"])(
  "%s is for sentinels only",
  async (field) => {
    const problems = await problemsOf(openRedis(configOf({ ...CLUSTER, [field]: "secret9" })));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^sources\\.dc1\\.${field}: `));
  },
);

test.each([
  ["another mode", { ...CLUSTER, mode: "proxy" as never }, /^sources\.dc1\.mode: /],
  [
    "a name with a blank",
    { ...SENTINEL, masterName: "my master" },
    /^sources\.dc1\.masterName: is to consist/,
  ],
])("%s is refused", async (_what, source, problem) => {
  expect(await problemsOf(openRedis(configOf(source)))).toEqual([expect.stringMatching(problem)]);
});

test("a mode is refused for what is no Redis", async () => {
  expect(await problemsOf(openMysql(configOf(CLUSTER)))).toEqual([
    "sources.dc1.mode: is for Redis only; leave it out",
  ]);
});

test.each(["local-read-async-double-write", "single-read-async-double-write"] as const)(
  "%s from or to a cluster is refused with the reason",
  async (algorithm) => {
    const problems = await problemsOf(openRedis(configOf(CLUSTER, { algorithm, nearest: "dc2" })));
    expect(problems).toEqual([
      expect.stringMatching(
        /^sources\.dc1\.mode: writes cannot be copied from or to a cluster .*: a node that hung/,
      ),
    ]);
  },
);

test("replicas and another database than 0 are refused for a cluster, with their paths", async () => {
  const opening = openRedis(configOf({ ...CLUSTER, replicas: ["r:1"] }), { driver: { db: 3 } });
  expect(await problemsOf(opening)).toEqual([
    expect.stringMatching(/^sources\.dc1\.replicas: /),
    expect.stringMatching(/^sources\.dc1\.mode: a cluster has the database 0 only, and driver\.db is 3$/),
  ]);
});

test("the sentinels' password is deciphered at its path", async () => {
  const reverse = (cipher: string, path: string) => `${path} ${cipher}`;
  const { sources } = await decipherConfig(parseConfig(configOf(SENTINEL), {}), reverse);
  expect(sources.dc1?.sentinelPassword).toBe("sources.dc1.sentinelPassword secret9");
});
