import { expect } from "vitest";
import type { RedisSource } from "../../sdk/open-redis.ts";
import { findBroken, switchManyTimes } from "./many-switches.ts";
import { keyOf, type RedisSitesInUse } from "./redis-sites.ts";
import { nextSwitch } from "./use-two-sites.ts";

const SEED = 20_261_121;
/** Broken transactions that a failure lists. */
const SHOWN = 5;
/** Errors of calls while no server is ill: a switch ends them, or a side that was ill a moment ago has to be connected to. */
const EXPECTED = /^EVENKEEL_SWITCHED$|^ETIMEDOUT$|^Error: Connection is closed\.$|while a server was ill$/;
const PLANNED = { decidedBy: "operator:a test" };

/** Writes two keys in one transaction. */
export async function transact({ client }: RedisSource, first: string, second: string): Promise<void> {
  const results = await client.multi().set(keyOf(first), "test").set(keyOf(second), "test").exec();
  // ioredis resolves even where a command of the transaction was refused.
  for (const [error] of results ?? []) if (error !== null) throw error;
}

/**
 * Tests what a switch between two data centres promises, however each of them is organised.
 *
 * @param use the families
 * @param home that of dc1
 * @param other that of dc2
 * @param switches under load
 */
export function describeSwitches<Name extends string>(
  { it, open, switched }: RedisSitesInUse<Name>,
  home: Name,
  other: Name,
  switches = 100,
): void {
  it(`calls go to ${home}, to ${other} after the switch, and back`, async ({ families, desk }) => {
    await desk.route({ active: "dc1" });
    const source = await open(home, other);
    const at = async (name: Name) => await families[name].use((client) => client.get("order:where"));
    const key = `order:${Math.random()}`;
    for (const [active, name] of [
      ["dc1", home],
      ["dc2", other],
      ["dc1", home],
    ] as const) {
      if (source.route()?.active !== active) {
        const switching = nextSwitch(source);
        await desk.route({ active, ...PLANNED });
        await switching;
      }
      await source.client.set("order:where", `${name} ${key}`);
      expect(await at(name)).toBe(`${name} ${key}`);
      expect(await source.client.get("order:where")).toBe(`${name} ${key}`);
    }
  });

  it(`${switches} switches between ${home} and ${other} under load, whole sides hung and killed, split and lose no transaction and leak nothing`, async ({
    desk,
  }) => {
    await desk.route({ active: "dc1" });
    const source = await open(home, other);
    const sites = switched(home, other);
    const began = performance.now();
    const outcome = await switchManyTimes(
      { sites, transact: (first, second) => transact(source, first, second) },
      { count: switches, faults: true, seed: SEED },
    );
    const { tried, acknowledged, failures, turns } = outcome;
    console.log(
      `${home}, ${other}: ${acknowledged.length} of ${tried.length} transactions over ${switches} switches in ` +
        `${((performance.now() - began) / 1000).toFixed(0)} s; ${JSON.stringify([...turns])}; ${JSON.stringify([...failures])}`,
    );
    const { split, lost } = await findBroken(sites, outcome);
    expect({ split: split.slice(0, SHOWN), lost: lost.slice(0, SHOWN) }).toEqual({ split: [], lost: [] });
    expect([...failures.keys()].filter((code) => !EXPECTED.test(code))).toEqual([]);
  });
}
