import { checkOwnCertificate } from "@evenkeel/agent/doctor/check-stores";
import type { PlannedStore } from "@evenkeel/contracts/plan";
import { api, elasticsearch, mongodb } from "@evenkeel/plugins/monitors";
import { describe, expect, test } from "vitest";
import { serveMongo } from "../../plugins/fake-mongo.ts";
import { serveHttp } from "../../plugins/serve-http.ts";
import { createAuthority } from "../../plugins/test-authority.ts";
import { testCertificateEnds } from "./certificate-suite.ts";

const PASSWORD = "certified-password";
/** A server that asks its clients for a certificate, and refuses none of its authority's that holds. */
const asking = (ca: string) => ({ ca, requestCert: true, rejectUnauthorized: true });

describe("an API", () =>
  testCertificateEnds({
    kind: "api",
    async show(certificate, authority) {
      const { address } = await serveHttp((_, response) => response.end("well"), {
        ...certificate,
        ...asking(authority),
      });
      return { ...api.common.parse({}), protocol: "https", address };
    },
  }));

describe("a search cluster", () =>
  testCertificateEnds({
    kind: "elasticsearch",
    async show(certificate, authority) {
      const health = { status: "green", cluster_name: "shop", number_of_nodes: 1, unassigned_shards: 0 };
      const { address } = await serveHttp(
        ({ url = "" }, response) => response.end(JSON.stringify(url.includes("health") ? health : {})),
        { ...certificate, ...asking(authority) },
      );
      return { ...elasticsearch.common.parse({}), addresses: [address], password: PASSWORD };
    },
  }));

describe("MongoDB", () =>
  testCertificateEnds({
    kind: "mongodb",
    async show(certificate, authority) {
      const { address } = await serveMongo(PASSWORD, () => undefined, {
        ...certificate,
        ...asking(authority),
      });
      return {
        ...mongodb.common.parse(mongodb.example.common),
        ...mongodb.target.parse({ addresses: [address] }),
        password: PASSWORD,
      };
    },
  }));

test.each([
  ["says nothing of one that holds for long", 365, []],
  ["warns of one that ends soon", 10, [{ state: "doubtful", subject: "store main" }]],
  ["names one that has ended", -2, [{ state: "bad", words: expect.stringContaining("ended on") }]],
])("of the certificate that a store is shown, the doctor %s", (_, days, findings) => {
  const { cert } = createAuthority("stores").issueFor(days, "agent.example");
  const store: PlannedStore = {
    ...{
      id: "main",
      endpoints: ["https://192.0.2.1:2379"],
      sites: [],
      user: null,
      sealed: null,
      caPem: null,
    },
    clientCertPem: cert,
  };
  expect(checkOwnCertificate(store, Date.now())).toMatchObject(findings);
  expect(checkOwnCertificate({ ...store, clientCertPem: null }, Date.now())).toEqual([]);
});
