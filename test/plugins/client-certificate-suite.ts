import type { Judgement } from "@evenkeel/contracts/observation";
import { expect, test } from "vitest";
import { eventually } from "../eventually.ts";
import type { EngineFixture } from "./engine-suite.ts";
import { createAuthority } from "./test-authority.ts";
import type { TestCertificate } from "./test-certificates.ts";

/** A server of an engine that is to ask for client certificates. */
export interface StrictServer {
  /**
   * Has the server use a certificate, and let nobody of the monitor's in without one of the client's.
   *
   * @param certificate the server's
   * @param clientAuthority who has to have signed the client's, in PEM
   * @returns settings to reach it with
   */
  demand(certificate: TestCertificate, clientAuthority: string): Promise<Record<string, unknown>>;
  /** How the server turns away who has none, or one of somebody else's. */
  readonly refusals: readonly Partial<Judgement>[];
  /** Takes everything back. */
  relent(): Promise<void>;
}

/** A name that no machine has. */
const NAME = "db.shop.example";

/**
 * What a plugin has to see in a server that asks for client certificates, and of its name.
 *
 * @param fixture the server
 * @param strict how to make it ask
 */
export function testClientCertificates({ probeFresh, server }: EngineFixture, strict: StrictServer): void {
  const authority = createAuthority("authority");
  const stranger = createAuthority("stranger");
  const client = authority.issue("agent.example");
  const foreign = stranger.issue("agent.example");
  const verify = { mode: "verify", caPem: authority.cert };
  const wellTls = { ...verify, clientCertPem: client.cert };
  let reached: Record<string, unknown> = {};
  const probe = async (tls: object, changes: object = {}) =>
    await probeFresh({ ...reached, tls, clientKeyPem: client.key, ...changes });
  const atName = (host: string) => {
    const { port } = new URL(`tcp://${reached.address ?? server().settings.address}`);
    return { address: `${host}:${port}` };
  };

  test("a client certificate that the server asks for is shown to it", async () => {
    reached = await strict.demand(authority.issue("127.0.0.1"), authority.cert);
    for (const tls of [wellTls, { ...wellTls, mode: "require" }])
      expect(await probe(tls)).toMatchObject({ verdict: "up", reason: "ok" });
  });

  test("[SAFE-5] without a client certificate, or with a stranger's, it is config and told", async () => {
    for (const judgement of [
      await probe(verify, { clientKeyPem: undefined }),
      await probe({ ...verify, clientCertPem: foreign.cert }, { clientKeyPem: foreign.key }),
    ]) {
      expect(judgement.verdict).toBe("config");
      expect(judgement.advice).toMatch(/certificate/);
      const { reason, code } = judgement;
      expect(strict.refusals).toContainEqual({ reason, code });
    }
  });

  test("plain, such a server lets nobody in", async () => {
    expect((await probe({ mode: "off" })).verdict).not.toBe("up");
  });

  test("[SAFE-5] half a pair, and a key of another certificate, are told before anybody is asked", async () => {
    const failed = { verdict: "config", reason: "tls-failed", advice: expect.any(String) };
    expect(await probe(wellTls, { clientKeyPem: undefined })).toMatchObject({
      ...failed,
      code: "TLS_NO_KEY",
    });
    expect(await probe(verify)).toMatchObject({ ...failed, code: "TLS_NO_CERTIFICATE" });
    expect(await probe(wellTls, { clientKeyPem: foreign.key })).toMatchObject({
      ...failed,
      code: "TLS_OTHER_KEY",
    });
    const broken = { ...wellTls, caPem: "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----" };
    expect(await probe(broken)).toMatchObject({ ...failed, code: "TLS_BROKEN_PEM" });
  });

  test("[SAFE-5] an authority that did not sign the server's certificate is config", async () => {
    expect(await probe({ ...wellTls, caPem: stranger.cert })).toMatchObject({
      verdict: "config",
      reason: "tls-failed",
      advice: expect.stringContaining("authority"),
    });
  });

  test("[SAFE-5] a certificate for an IP address is good for that address only", async () => {
    const wrong = { verdict: "config", reason: "tls-failed", code: "ERR_TLS_CERT_ALTNAME_INVALID" };
    expect(await probe(wellTls, atName("localhost"))).toMatchObject(wrong);
    expect((await probe({ ...wellTls, serverName: "127.0.0.1" }, atName("localhost"))).verdict).toBe("up");
    expect(await probe({ ...wellTls, serverName: "127.0.0.2" })).toMatchObject(wrong);
  });

  test("[SAFE-5] a certificate for a name is good for an address if that name is entered", async () => {
    const wrong = { verdict: "config", reason: "tls-failed", code: "ERR_TLS_CERT_ALTNAME_INVALID" };
    // Drivers that are not told what to compare take every address for `localhost`.
    reached = await strict.demand(authority.issue(NAME, "localhost"), authority.cert);
    await eventually(async () => expect(await probe(wellTls)).toMatchObject(wrong));
    expect(await probe({ ...wellTls, serverName: NAME })).toMatchObject({ verdict: "up" });
    expect(await probe(wellTls, atName("localhost"))).toMatchObject({ verdict: "up" });
    expect(await probe({ ...wellTls, serverName: "other.example" })).toMatchObject(wrong);
    await strict.relent();
    await eventually(async () => expect((await probeFresh()).verdict).toBe("up"));
  });
}
