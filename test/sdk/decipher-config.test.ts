import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { expect, test, vi } from "vitest";
import { type Decipher, decipherConfig } from "../../sdk/config/decipher-config.ts";
import { parseConfig } from "../../sdk/config/parse-config.ts";
import { ConfigError } from "../../sdk/errors.ts";
import { openMysql } from "../../sdk/open-mysql.ts";

const reverse: Decipher = (cipher) => [...cipher].reverse().join("");
const INPUT: SdkConfigInput = {
  props: { version: "v1", instanceId: "inst", appId: "shop", monitorId: "db" },
  etcd: { address: "10.0.0.1:2379", username: "sdk", password: "dctE" },
  sources: {
    dc1: {
      ...{ host: "a", port: 1, username: "app", password: "enO" },
      replicas: ["b:1", { host: "c", port: 1, username: "ro", password: "owT" }],
    },
    dc2: { host: "d", port: 1 },
  },
  router: { active: "dc1", algorithm: "single-read-write" },
};

function problemsOf(error: unknown): readonly string[] {
  expect(error).toBeInstanceOf(ConfigError);
  return error instanceof ConfigError ? error.problems : [];
}

test("each password is deciphered once, at its path, also by a function that takes its time", async () => {
  const decipher = vi.fn(async (cipher: string, path: string) => reverse(cipher, path));
  const config = await decipherConfig(parseConfig(INPUT, {}), decipher);
  expect(config.etcd?.password).toBe("Etcd");
  expect(config.sources.dc1?.password).toBe("One");
  expect(config.sources.dc1?.replicas).toEqual([
    { host: "b", port: 1 },
    { host: "c", port: 1, username: "ro", password: "Two" },
  ]);
  expect(config.sources.dc2).not.toHaveProperty("password");
  expect(decipher.mock.calls.map(([, path]) => path).sort()).toEqual([
    "etcd.password",
    "sources.dc1.password",
    "sources.dc1.replicas.1.password",
  ]);
});

test("without a function passwords stand in the clear", async () => {
  const config = parseConfig(INPUT, {});
  expect(await decipherConfig(config, undefined)).toBe(config);
});

test("a configuration that names a class is refused with the way to pass a function, and read with one", async () => {
  const named = { ...INPUT, props: { ...INPUT.props, decipherClassName: "com.example.Decipher" } };
  const refusal = await openMysql(named).catch((error: unknown) => error);
  const [problem = ""] = problemsOf(refusal);
  expect(problem).toMatch(/^props\.decipherClassName: .*com\.example\.Decipher.*\{ decipher: /);
  const config = await decipherConfig(parseConfig(named, {}), reverse);
  expect(config.sources.dc1?.password).toBe("One");
});

test("of what cannot be deciphered only the path is told, never the cipher nor the function's own words", async () => {
  const failing: Decipher = (cipher) => {
    throw new RangeError(`cannot decipher ${cipher}`);
  };
  const problems = problemsOf(
    await decipherConfig(parseConfig(INPUT, {}), failing).catch((error: unknown) => error),
  );
  expect(problems).toHaveLength(3);
  expect(problems[0]).toContain("RangeError");
  expect(problems.join()).not.toMatch(/dctE|enO|owT/);
  const giving = (() => 7) as unknown as Decipher;
  const wrong = await decipherConfig(parseConfig(INPUT, {}), giving).catch((error: unknown) => error);
  expect(problemsOf(wrong).join()).toContain("a number instead of a text");
});
