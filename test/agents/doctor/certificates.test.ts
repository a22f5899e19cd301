import { api, elasticsearch, mongodb } from "@evenkeel/plugins/monitors";
import { describe } from "vitest";
import { serveMongo } from "../../plugins/fake-mongo.ts";
import { serveHttp } from "../../plugins/serve-http.ts";
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
