import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../sdk/errors.ts";
import { borrowFollower } from "../../sdk/route/shared-followers.ts";

describe("the certificates of a configuration", () => {
  let directory: string;
  const path = (name: string) => join(directory, name);
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "evenkeel-sdk-"));
    for (const name of ["client.pem", "client.key"]) writeFileSync(path(name), "a secret text");
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** @returns what is wrong with these files, or null */
  function complaint(files: Record<string, string>): string | null {
    const config = SdkConfig.parse({
      props: { version: "v1", instanceId: "ins_1", appId: "app_1", monitorId: "mon_1" },
      etcd: { address: "127.0.0.1:1", httpsEnable: true, ...files },
      sources: { dc1: { host: "127.0.0.1", port: 1 } },
      router: { active: "dc1", algorithm: "single-read-write" },
    });
    try {
      borrowFollower(config, { snapshotFile: false }).release();
      return null;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.message;
    }
  }

  it("are read from their files before anything is asked of the store", () => {
    expect(complaint({ clientCertificatePath: path("client.pem"), clientKeyPath: path("none.key") })).toMatch(
      /etcd\.clientKeyPath: the file .*none\.key cannot be read \(ENOENT\)/,
    );
    expect(complaint({ certificatePath: path("none.pem") })).toMatch(/etcd\.certificatePath: the file/);
  });

  it("of a client go together with their keys", () => {
    const words = /clientCertificatePath and clientKeyPath go together/;
    expect(complaint({ clientCertificatePath: path("client.pem") })).toMatch(words);
    expect(complaint({ clientKeyPath: path("client.key") })).toMatch(words);
  });
});
