import { join } from "node:path";
import { writePrivateFile } from "@evenkeel/lab/engines/engine-home";
import type { RedisNodeRequest } from "@evenkeel/lab/engines/redis-nodes";
import { expect } from "vitest";
import { createAuthority } from "../plugins/test-authority.ts";
import { startCluster } from "./redis-families.ts";
import { startSentinels } from "./redis-sentinels.ts";
import { useRedisSites } from "./redis-sites.ts";
import { nextSwitch } from "./use-two-sites.ts";

const PORT_BASE = 25_600;
/** Of different slots. */
const KEYS = Array.from({ length: 20 }, (_, at) => `order:secure-${at}`);

const authority = createAuthority("authority");
const server = authority.issue("127.0.0.1");
const client = authority.issue("shop.example");

/** Nobody is let in without a certificate of this authority. */
function demandCertificates({ stateDir }: RedisNodeRequest): (port: number) => readonly string[] {
  const files = {
    "tls-ca-cert-file": authority.cert,
    "tls-cert-file": server.cert,
    "tls-key-file": server.key,
  };
  const lines = Object.entries(files).map(([name, content]) => {
    const file = join(stateDir, `${name}.pem`);
    writePrivateFile(file, content);
    return `${name} ${file}`;
  });
  return (port) => [...lines, `tls-port ${port}`, "tls-auth-clients yes"];
}

const { it, open } = useRedisSites(PORT_BASE, async (request) => {
  const tls = demandCertificates(request);
  const [guarded, sliced] = await Promise.all([
    startSentinels({ name: "guarded", port: PORT_BASE + 100, request, tls }),
    startCluster({ name: "sliced", port: PORT_BASE + 150, request, tls }, 3),
  ]);
  return { guarded, sliced };
});

const OWN = { ca: authority.cert, cert: client.cert, key: client.key };

it("sentinels, the server that they name and the nodes of a cluster are asked with TLS", async ({ desk }) => {
  await desk.route({ active: "dc1" });
  const source = await open("guarded", "sliced", {}, { driver: { tls: OWN } });
  const setAll = () => Promise.all(KEYS.map((key) => source.client.set(key, "secret")));
  expect(new Set(await setAll())).toEqual(new Set(["OK"]));
  const switched = nextSwitch(source);
  await desk.route({ active: "dc2", decidedBy: "operator:a test" });
  await switched;
  expect(new Set(await setAll())).toEqual(new Set(["OK"]));
});
