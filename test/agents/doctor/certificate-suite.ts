import { X509Certificate } from "node:crypto";
import { checkTargets } from "@evenkeel/agent/doctor/check-targets";
import type { Finding } from "@evenkeel/agent/doctor/finding";
import type { Plan } from "@evenkeel/contracts/plan";
import { expect, test } from "vitest";
import { eventually } from "../../eventually.ts";
import { createAuthority } from "../../plugins/test-authority.ts";
import type { TestCertificate } from "../../plugins/test-certificates.ts";
import { plannedMonitor } from "../stores/planned-monitor.ts";

const ACCESS_TIMEOUT_MS = 5000;
/** Days for which the certificates of the tests hold; negative: since which they have ended. */
const LONG = 365;
const SHORT = 10;
const ENDED = -2;

/** A server that speaks TLS, and checks what certificate its clients show. */
export interface CertifiedServer {
  readonly kind: string;
  /**
   * Has the server use a certificate.
   *
   * @param certificate the server's
   * @param authority who signed it, and those of its clients, in PEM
   * @returns settings to reach it with, secrets among them
   */
  show(certificate: TestCertificate, authority: string): Promise<Record<string, unknown>>;
}

const dayOf = ({ cert }: TestCertificate): string =>
  new X509Certificate(cert).validToDate.toISOString().slice(0, 10);

/** What the doctor says of one target. */
async function look(kind: string, { password, ...config }: Record<string, unknown>): Promise<Finding[]> {
  const { clientKeyPem, ...open } = config;
  const monitor = plannedMonitor(kind, open);
  const [target] = monitor.dataCentres;
  if (target === undefined) throw new Error("a planned monitor has data centres");
  const timing = { ...monitor.timing, accessTimeoutMs: ACCESS_TIMEOUT_MS };
  const plan = { monitors: [{ ...monitor, timing, dataCentres: [target] }] } as unknown as Plan;
  return await checkTargets(plan, async () => ({ ok: true, secret: { password, clientKeyPem } }));
}

/**
 * What the doctor has to say of the certificates of one kind of target.
 *
 * @param server the kind, and how to give one its certificate
 */
export function testCertificateEnds({ kind, show }: CertifiedServer): void {
  const authority = createAuthority("ends");
  const client = authority.issueFor(LONG, "agent.example");
  const own = ({ cert, key }: TestCertificate) => ({
    tls: { mode: "require", caPem: authority.cert, clientCertPem: cert },
    clientKeyPem: key,
  });
  const serve = async (days: number) => {
    const certificate = authority.issueFor(days, "127.0.0.1");
    return { reached: await show(certificate, authority.cert), day: dayOf(certificate) };
  };

  test("the doctor is content with certificates that hold for long, and tells until when", async () => {
    const { reached, day } = await serve(LONG);
    await eventually(async () =>
      expect(await look(kind, { ...reached, ...own(client) })).toEqual([
        {
          ...{ state: "good", subject: `orders (${kind}) in dc1`, fix: null },
          words: expect.stringContaining(`certificates hold until ${[day, dayOf(client)].sort()[0]}`),
        },
      ]),
    );
    const soon = authority.issueFor(SHORT, "agent.example");
    await eventually(async () =>
      expect(await look(kind, { ...reached, ...own(soon) })).toMatchObject([
        { state: "good" },
        {
          state: "doubtful",
          words: expect.stringMatching(
            new RegExp(`^the agents' own certificate \\(.*agent\\.example.*\\) ends in .* ${dayOf(soon)}$`),
          ),
          fix: expect.stringContaining("enter it with its key"),
        },
      ]),
    );
    const late = authority.issueFor(ENDED, "agent.example");
    await eventually(async () =>
      expect(await look(kind, { ...reached, ...own(late) })).toMatchObject([
        { state: "bad" },
        { state: "bad", words: expect.stringContaining(`ended on ${dayOf(late)}`) },
      ]),
    );
  });

  test("the doctor warns of a server's certificate that ends soon", async () => {
    const { reached, day } = await serve(SHORT);
    await eventually(async () =>
      expect(await look(kind, { ...reached, ...own(client) })).toMatchObject([
        { state: "good" },
        {
          state: "doubtful",
          words: expect.stringMatching(
            new RegExp(`^the certificate of .*:\\d+ \\(.*127\\.0\\.0\\.1.*\\) ends in .* ${day}$`),
          ),
          fix: "renew the certificate",
        },
      ]),
    );
  });

  test("the doctor names the end of a server's certificate, whether the settings check it or not", async () => {
    const { reached, day } = await serve(ENDED);
    const ended = { state: "bad", words: expect.stringContaining(`ended on ${day}`) };
    await eventually(async () =>
      expect(await look(kind, { ...reached, ...own(client) })).toMatchObject([{ state: "good" }, ended]),
    );
    const { tls, clientKeyPem } = own(client);
    const strict = { ...reached, clientKeyPem, tls: { ...tls, mode: "verify" } };
    await eventually(async () =>
      expect(await look(kind, strict)).toMatchObject([
        { state: "bad", fix: expect.stringContaining("renew the server's certificate") },
        ended,
      ]),
    );
  });
}
