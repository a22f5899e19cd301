import * as monitors from "@evenkeel/plugins/monitors";
import { findPemProblem } from "@evenkeel/plugins/pem";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { eventually } from "../eventually.ts";
import { refuse, serveListener } from "./fake-listener.ts";
import { serveMongo } from "./fake-mongo.ts";
import { KIND_CASES } from "./kind-cases.ts";
import { countSockets, openSession } from "./probe-kind.ts";
import { serveHttp } from "./serve-http.ts";
import { createAuthority } from "./test-authority.ts";
import { OTHER_NAME, OWN_NAME, type ServerCertificate } from "./test-certificates.ts";

/** Enough for a busy machine. */
const ACCESS_TIMEOUT_MS = 8000;
const PKCS8 = OWN_NAME.key;

describe("PEM", () => {
  const { cert } = OWN_NAME;
  test.each([
    ["certificates", cert, null],
    ["certificates", `${cert}${OTHER_NAME.cert}`, null],
    ["certificates", `Bag Attributes\n  friendlyName: shop\n${cert.replaceAll("\n", "\r\n")}`, null],
    ["private key", PKCS8, null],
    [
      "private key",
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${PKCS8}`,
      null,
    ],
    ["certificates", "", "must be certificates"],
    ["certificates", "db.example.com", "must be certificates"],
    ["certificates", PKCS8, "must not hold a private key"],
    ["certificates", `${cert}${PKCS8}`, "must not hold a private key"],
    ["certificates", cert.replace("MIIB", "MIIC"), "must be whole"],
    ["certificates", cert.slice(0, 300), "must be whole"],
    ["certificates", `${cert}${cert.slice(0, 300)}`, "must be whole"],
    ["certificates", cert.replace(/\n.*\n-----END/, "\n-----END"), "must be whole"],
    ["certificates", cert.replaceAll("CERTIFICATE", "CERTIFICATE REQUEST"), "must be certificates"],
    ["private key", cert, "must be a private key"],
    ["private key", `${PKCS8}${cert}`, "and nothing else"],
    ["private key", `${PKCS8}${PKCS8}`, "and nothing else"],
    ["private key", PKCS8.replaceAll("PRIVATE", "ENCRYPTED PRIVATE"), "without a passphrase"],
    [
      "private key",
      "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nq83v\n-----END RSA PRIVATE KEY-----",
      "without a passphrase",
    ],
  ] as const)("%s: %j", (kind, text, problem) => {
    const found = findPemProblem(text, kind);
    if (problem === null) expect(found).toBeNull();
    else expect(found).toContain(problem);
    for (const line of text.split("\n").filter((one) => one.length > 20 && !one.startsWith("-")))
      expect(found ?? "").not.toContain(line);
  });
});

describe.each(Object.values(monitors))("$kind", (plugin) => {
  const { tls } = plugin.target.shape;
  const parse = (given: object) => plugin.target.safeParse({ ...plugin.example.target, tls: given });

  test("certificates are public, the key is sealed, and no key gets where everybody reads", () => {
    expect(parse({ mode: "verify", caPem: OWN_NAME.cert, clientCertPem: OWN_NAME.cert }).success).toBe(true);
    expect(plugin.secret.parse({ clientKeyPem: OWN_NAME.key })).toEqual({
      clientKeyPem: OWN_NAME.key.trim(),
    });
    for (const name of ["caPem", "clientCertPem"]) {
      const refused = parse({
        mode: "verify",
        caPem: OWN_NAME.cert,
        [name]: `${OWN_NAME.cert}${OWN_NAME.key}`,
      });
      expect(refused.error?.issues).toMatchObject([
        { path: ["tls", name], message: expect.stringContaining("must not hold a private key") },
      ]);
      expect(JSON.stringify(refused.error)).not.toContain("MIGHAgEAMBMGByqGSM49");
    }
    expect(plugin.secret.safeParse({ clientKeyPem: OWN_NAME.cert }).success).toBe(false);
    expect(z.globalRegistry.get(plugin.secret.shape.clientKeyPem as z.ZodType)?.secret).toBe(true);
  });

  test("every option has a title in both languages", () => {
    const schema = z.toJSONSchema(tls as z.ZodType, { io: "input" });
    for (const option of Object.values(schema.properties ?? {}))
      expect(option).toMatchObject({
        title: expect.any(String),
        titles: { "zh-CN": expect.stringMatching(/\S/) },
      });
  });

  test("a server's name is a name or an IP address; Oracle's driver takes none (decision record 13)", () => {
    if (plugin.kind === "oracle")
      return expect(parse({ mode: "verify", serverName: "db.example.com" }).success).toBe(false);
    for (const serverName of ["db.example.com", "db", "192.0.2.1", "2001:db8::1", "under_score.example"])
      expect(parse({ mode: "verify", serverName }).success).toBe(true);
    for (const serverName of ["", "a b", "db.example.com:3306", "[::1]", "-db", "db-", "x".repeat(254)])
      expect(parse({ mode: "verify", serverName }).success).toBe(false);
  });
});

test("the control plane itself asks only where anybody can check the certificate", () => {
  const ask = (tls?: object) =>
    monitors.api.target.safeParse({ protocol: "https", address: "a.example:443", fromEdge: true, tls })
      .success;
  expect([ask(), ask({}), ask({ mode: "verify" })]).toEqual([true, true, true]);
  for (const tls of [{ mode: "require" }, { caPem: OWN_NAME.cert }, { serverName: "b.example" }])
    expect(ask(tls)).toBe(false);
});

/** How each kind is served by a server of ours; what the others do is proven with real servers in *.engine.test.ts. */
const SERVERS: Readonly<Record<string, (certificate: ServerCertificate) => Promise<string>>> = {
  api: async (certificate) => (await serveHttp((_, response) => response.end(), certificate)).address,
  elasticsearch: async (certificate) =>
    (
      await serveHttp((_, response) => {
        response.end('{"status":"green","number_of_nodes":1,"unassigned_shards":0}');
      }, certificate)
    ).address,
  mongodb: async (certificate) => (await serveMongo("not-shown", undefined, certificate)).address,
  oracle: async (certificate) => (await serveListener(refuse(12528), certificate)).address,
};
/** Kinds whose server needs more than TLS to be up say at least that they got through it. */
const BEHIND_TLS: Readonly<Record<string, string>> = { oracle: "starting" };

describe.each(Object.keys(SERVERS))("%s through TLS", (kind) => {
  const authority = createAuthority("authority");
  const stranger = createAuthority("stranger");
  const client = authority.issue("agent.example");
  const foreign = stranger.issue("agent.example");
  const demand = { ca: authority.cert, requestCert: true, rejectUnauthorized: true };
  const through = BEHIND_TLS[kind] ?? "ok";
  const verify = { mode: "verify", caPem: authority.cert };
  const well = { ...verify, clientCertPem: client.cert };

  async function probe(address: string, tls: object, clientKeyPem: string | undefined) {
    const plugin = Object.values(monitors).find((one) => one.kind === kind);
    const kindCase = KIND_CASES[kind];
    if (plugin === undefined || kindCase === undefined) throw new Error(`there is no ${kind}`);
    const settings = { ...kindCase.settings(address), protocol: "https", tls, clientKeyPem };
    const { probe: ask, destroy } = openSession(plugin, settings, ACCESS_TIMEOUT_MS);
    const { judgement } = await ask();
    destroy();
    expect(JSON.stringify(judgement)).not.toMatch(/not-shown|PRIVATE KEY/);
    return judgement;
  }

  async function serve(hosts: readonly string[], asked: Partial<ServerCertificate> = demand) {
    return (await SERVERS[kind]?.({ ...authority.issue(...hosts), ...asked })) ?? "";
  }

  test("a client certificate that the server asks for is shown to it", async () => {
    const address = await serve(["127.0.0.1"]);
    expect(await probe(address, well, client.key)).toMatchObject({ reason: through });
    const without = await probe(address, verify, undefined);
    expect(without.verdict).not.toBe("up");
    // The listener of ours hangs up without a word, and does not ask who signed.
    if (kind === "oracle") return;
    expect(without).toMatchObject({
      verdict: "config",
      reason: "tls-failed",
      code: "TLS_ALERT_CERTIFICATE_REQUIRED",
      advice: expect.stringContaining("clientCertPem"),
    });
    // To who was signed by somebody else Node's servers say nothing either.
    expect(await probe(address, { ...verify, clientCertPem: foreign.cert }, foreign.key)).toMatchObject({
      verdict: "down",
      reason: "closed",
    });
  });

  test("[SAFE-5] half a pair, and what cannot be read, are told with what to enter", async () => {
    const address = await serve(["127.0.0.1"]);
    const failed = { verdict: "config", reason: "tls-failed", advice: expect.any(String) };
    const broken = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----";
    for (const [code, tls, key] of [
      ["TLS_NO_KEY", well, undefined],
      ["TLS_NO_CERTIFICATE", verify, client.key],
      ["TLS_OTHER_KEY", well, foreign.key],
      ["TLS_BROKEN_PEM", { ...well, clientCertPem: broken }, client.key],
      ["TLS_BROKEN_PEM", { ...well, caPem: broken }, client.key],
      ["TLS_BROKEN_PEM", { ...well, caPem: `${authority.cert}${broken}` }, client.key],
      ["TLS_BROKEN_PEM", well, "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"],
    ] as const) {
      expect(await probe(address, tls, key)).toMatchObject({ ...failed, code });
    }
  });

  test("[SAFE-5] the name is compared with the address, IP addresses too", async () => {
    const wrong = { verdict: "config", reason: "tls-failed", code: "ERR_TLS_CERT_ALTNAME_INVALID" };
    const byAddress = await serve(["127.0.0.1"], {});
    const byName = await serve(["db.shop.example", "localhost"], {});
    const atLocalhost = (address: string) => address.replace("127.0.0.1", "localhost");
    expect(await probe(byAddress, verify, undefined)).toMatchObject({ reason: through });
    expect(await probe(atLocalhost(byAddress), verify, undefined)).toMatchObject(wrong);
    expect(await probe(byName, verify, undefined)).toMatchObject(wrong);
    expect(await probe(atLocalhost(byName), verify, undefined)).toMatchObject({ reason: through });
    if (kind === "oracle") return;
    expect(await probe(byAddress, { ...verify, serverName: "127.0.0.2" }, undefined)).toMatchObject(wrong);
    expect(await probe(byName, { ...verify, serverName: "db.shop.example" }, undefined)).toMatchObject({
      reason: through,
    });
    expect(await probe(byName, { ...verify, serverName: "other.example" }, undefined)).toMatchObject(wrong);
  });

  test("no socket stays", async () => {
    const before = countSockets();
    const address = await serve(["127.0.0.1"]);
    for (const tls of [well, verify]) await probe(address, tls, client.key);
    // What listens stays until the test is over.
    await eventually(() => expect(countSockets()).toBeLessThanOrEqual(before + 1));
  });
});
