import { afterAll, beforeAll, expect } from "vitest";
import { openRedis } from "../../sdk/open-redis.ts";
import { eventually } from "../eventually.ts";
import { type HandingOut, startHandingOut } from "./hand-out.ts";
import { PASSWORD, type RedisFamily } from "./redis-families.ts";
import { MASTER, SENTINEL_PASSWORD, startSentinels } from "./redis-sentinels.ts";
import { useRedisSites } from "./redis-sites.ts";

const PORT_BASE = 27_600;
const START_WITHIN_MS = 120_000;

let control: HandingOut;
beforeAll(async () => {
  control = await startHandingOut(PORT_BASE + 90);
}, START_WITHIN_MS);
afterAll(async () => {
  await control?.end();
});

const { it } = useRedisSites(PORT_BASE, async (request) => ({
  east: await startSentinels({ name: "east", port: PORT_BASE + 100, request }),
  west: await startSentinels({ name: "west", port: PORT_BASE + 120, request }),
}));

/** As a monitor names it. */
function targetOf({ source: { addresses = [] } }: RedisFamily): object {
  const [address, ...furtherAddresses] = addresses;
  return { address, furtherAddresses, masterName: MASTER };
}

it("Redis with sentinels is opened with what the API hands out, and written doubly", async ({
  families,
  desk,
}) => {
  const watched = await control.watch(
    {
      ...{ config: desk.config, store: desk.store, kind: "redis" },
      common: { mode: "sentinel", algorithm: "single-read-async-double-write" },
      targets: { dc1: targetOf(families.east), dc2: targetOf(families.west) },
    },
    {},
  );
  const { username = "", password = "" } = desk.config.etcd ?? {};
  const variables = {
    ...{ ETCD_USERNAME: username, ETCD_PASSWORD: password },
    ...{ DC1_PASSWORD: PASSWORD, DC1_SENTINEL_PASSWORD: SENTINEL_PASSWORD },
    ...{ DC2_PASSWORD: PASSWORD, DC2_SENTINEL_PASSWORD: SENTINEL_PASSWORD },
  };
  const source = await openRedis(await watched.yaml(), { variables, snapshotFile: false });
  try {
    await source.client.set("order:handed-out", "x");
    expect(await families.east.use((redis) => redis.get("order:handed-out"))).toBe("x");
    await eventually(async () => {
      expect(await families.west.use((redis) => redis.get("order:handed-out"))).toBe("x");
    });
  } finally {
    await source.close();
  }
});
