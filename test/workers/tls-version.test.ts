import { MonitorCreate, MonitorUpdate, PublicKey } from "@evenkeel/contracts/api";
import { type InputScope, readMonitorEdit, readNewMonitor } from "@evenkeel/workers/plan/monitor-input";
import { exportJWK, generateKeyPair } from "jose";
import { expect, test } from "vitest";
import { redis } from "../../plugins/monitors/redis.ts";
import { OWN_NAME } from "../plugins/test-certificates.ts";

test("[SAFE-9] a data centre whose TLS changes, or the key of its certificate, counts as unproven again", async () => {
  const { publicKey } = await generateKeyPair("ECDH-ES+A256KW", { crv: "P-256" });
  const recipients = [{ id: "agent", publicKey: PublicKey.parse(await exportJWK(publicKey)) }];
  const sites = [{ id: "s1", name: "s1" }] as unknown as InputScope["sites"];
  const scope = { plugin: redis, sites, recipients };
  const configOf = (tls?: object) => ({ address: "192.0.2.1:6379", ...(tls === undefined ? {} : { tls }) });
  const input = MonitorCreate.parse({
    kind: "redis",
    applicationId: "app_000001",
    common: {},
    dataCentres: [{ name: "dc1", site: "s1", config: configOf() }],
  });
  const identity = { id: "m1", instanceId: "i1", createdAtMs: 1, defaultName: "redis" };
  let rows = await readNewMonitor(input, identity, scope);
  const edit = async (change: object) => {
    rows = await readMonitorEdit(MonitorUpdate.parse(change), rows, scope);
    return rows.dataCentres[0]?.targetVersion;
  };
  const withTls = (tls: object) => ({ dataCentres: [{ name: "dc1", site: "s1", config: configOf(tls) }] });
  const versions = [rows.dataCentres[0]?.targetVersion];
  for (const tls of [
    { mode: "require" },
    { mode: "verify" },
    { mode: "verify", caPem: OWN_NAME.cert },
    { mode: "verify", caPem: OWN_NAME.cert, serverName: "db.shop.example" },
    { mode: "verify", caPem: OWN_NAME.cert, serverName: "db.shop.example", clientCertPem: OWN_NAME.cert },
  ])
    versions.push(await edit(withTls(tls)));
  versions.push(await edit({ secret: { clientKeyPem: OWN_NAME.key } }));
  expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(JSON.stringify(rows)).not.toContain("PRIVATE KEY");
  expect(await edit({ automatic: false })).toBe(7);
});
