import { describe, expect } from "vitest";
import { openRedis } from "../../sdk/open-redis.ts";
import { eventually } from "../eventually.ts";
import { askSide } from "./doubly-written.ts";
import type { TwoSites } from "./two-sites.ts";
import { nextSwitch, useTwoSites } from "./use-two-sites.ts";

const PORT_BASE = 26_600;
/** A server that has not answered for so long does hang. */
const HUNG_MS = 250;
const KEY = "order:latest";

describe("faults of earlier SDKs with Redis", () => {
  let sites: TwoSites;
  const { it, keep } = useTwoSites("redis", PORT_BASE, (started) => {
    sites = started;
  });
  const readAt = async (dataCentre: "dc1" | "dc2"): Promise<string | null> =>
    await askSide(sites, dataCentre, (redis) => redis.get(KEY));

  it("(i) the algorithms that write doubly do so, and one that is not served is not quietly taken for another", async () => {
    await sites.route({ active: "dc1" });
    for (const algorithm of ["local-read-async-double-write", "single-read-async-double-write"] as const) {
      const router = { ...sites.config.router, algorithm, nearest: "dc1" };
      const source = keep(await openRedis({ ...sites.config, router }, { snapshotFile: false }));
      await source.client.set(KEY, algorithm);
      await eventually(async () => expect(await readAt("dc2")).toBe(algorithm));
    }
    const router = { ...sites.config.router, algorithm: "double-write" as never };
    await expect(openRedis({ ...sites.config, router })).rejects.toMatchObject({
      code: "EVENKEEL_CONFIG",
      problems: [expect.stringMatching(/^router\.algorithm/)],
    });
  });

  it("(j) a write that waited on the old side never comes after a newer one on the new side", async () => {
    await sites.route({ active: "dc1" });
    const source = keep(await openRedis(sites.config, { snapshotFile: false }));
    await source.client.set(KEY, "first");
    const { process } = sites.engine.dataCentres.dc1;
    process.stop();
    // A server answers for a moment after its stop was ordered.
    const hangs = () =>
      Promise.race([
        source.client.set(KEY, "old").then(
          () => false,
          () => false,
        ),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(true), HUNG_MS)),
      ]);
    while (!(await hangs()));
    const waiting = Array.from({ length: 20 }, (_, at) =>
      source.client.set(KEY, `old ${at}`).then(
        () => "",
        (error: { code: string }) => error.code,
      ),
    );
    const switched = nextSwitch(source);
    await sites.route({ active: "dc2" });
    await switched;
    await source.client.set(KEY, "new");
    const codes = new Set(await Promise.all(waiting));
    expect([...codes]).toEqual(["EVENKEEL_SWITCHED"]);
    process.cont();
    await eventually(async () => expect(await readAt("dc1")).not.toBeNull());
    expect(await readAt("dc2")).toBe("new");
    expect(await source.client.get(KEY)).toBe("new");
  });
});
