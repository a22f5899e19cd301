import { expect, test } from "vitest";
import { openCuttingRelay } from "./cutting-relay.ts";
import type { EngineFixture, ServerUnderTest } from "./engine-suite.ts";
import { OTHER_NAME, OWN_NAME, type TestCertificate } from "./test-certificates.ts";

/**
 * What a SQL plugin has to see in a server with and without TLS.
 *
 * @param fixture the server
 * @param useCertificate switches TLS on in the server with a certificate
 * @param isEncrypted tells whether the monitor's sessions in the server are encrypted
 */
export function testTls(
  { open, probeFresh, server }: EngineFixture,
  useCertificate: (server: ServerUnderTest, certificate: TestCertificate) => Promise<void>,
  isEncrypted: (server: ServerUnderTest) => Promise<boolean>,
): void {
  const verify = { mode: "verify", caPem: OWN_NAME.cert };

  test("[SAFE-5] TLS that the server does not have is config", async () => {
    expect(await probeFresh({ tls: { mode: "require" } })).toMatchObject({
      verdict: "config",
      reason: "tls-failed",
    });
  });

  test("TLS is required, verified, and its end is told like any other", async () => {
    await useCertificate(server(), OWN_NAME);
    for (const tls of [{ mode: "require" }, verify]) {
      const { probe, destroy } = open({ tls });
      expect((await probe()).judgement).toMatchObject({ verdict: "up" });
      expect(await isEncrypted(server())).toBe(true);
      expect((await probe()).judgement.verdict).toBe("up");
      destroy();
    }
    const plain = open();
    expect((await plain.probe()).judgement.verdict).toBe("up");
    plain.destroy();
  });

  test("[SAFE-5] a certificate of an unknown authority is config", async () => {
    expect(await probeFresh({ tls: { mode: "verify" } })).toMatchObject({
      verdict: "config",
      reason: "tls-failed",
      code: "DEPTH_ZERO_SELF_SIGNED_CERT",
    });
  });

  test("[SAFE-5] a certificate for another name is config, unless nobody checks", async () => {
    await useCertificate(server(), OTHER_NAME);
    expect(await probeFresh({ tls: { mode: "verify", caPem: OTHER_NAME.cert } })).toMatchObject({
      verdict: "config",
      reason: "tls-failed",
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    expect((await probeFresh({ tls: { mode: "require" } })).verdict).toBe("up");
  });
}

/** Bytes of an encrypted login after which it is cut: within the greeting, the TLS handshake and the login. */
const CUTS = [1, 100, 200, 500, 900, 1200];

/**
 * What a SQL plugin has to see when a server with TLS dies; the last test of a server.
 *
 * @param fixture the server, TLS switched on
 */
export function testTlsCrash({ open, probeFresh, handle, server }: EngineFixture): void {
  test.each(CUTS)("an encrypted login that is cut after %i bytes of the server's is down", async (bytes) => {
    const relay = await openCuttingRelay(server(), bytes);
    const judgement = await probeFresh({ address: relay.address, tls: { mode: "require" } });
    await relay.close();
    expect(judgement).toMatchObject({ verdict: "down" });
    expect(["closed", "reset"]).toContain(judgement.reason);
  });

  test("kill -9 is told at once through TLS too", async () => {
    const { probe, closed, closings, destroy } = open({ tls: { mode: "require" } });
    expect((await probe()).judgement.verdict).toBe("up");
    await handle().dataCentres.dc1.process.kill();
    await closed;
    expect(await probeFresh()).toMatchObject({ verdict: "down", reason: "refused" });
    expect(closings()).toBe(1);
    destroy();
  });
}
