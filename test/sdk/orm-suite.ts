import { randomUUID } from "node:crypto";
import type { Route } from "@evenkeel/contracts/route";
import type { SdkConfigInput } from "@evenkeel/contracts/sdk-config";
import { afterAll, afterEach, describe, expect } from "vitest";
import { findSdkErrorCode } from "../../sdk/errors.ts";
import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import { eventually } from "../eventually.ts";
import type { TwoSites } from "./two-sites.ts";
import { useTwoSites } from "./use-two-sites.ts";

/** What the suite needs of a transaction of an ORM. */
export interface OrmTransaction {
  insert(id: string): Promise<unknown>;
}

/** What the suite needs of an ORM. */
export interface Orm extends OrmTransaction {
  readonly source: RoutedSource;
  /** Asks the server that answers for its port. */
  port(): Promise<number>;
  /** Reads through the ORM. @returns the items of the order with this id */
  items(id: string): Promise<string[]>;
  /** Runs work in a transaction as the ORM offers it. */
  transaction(work: (transaction: OrmTransaction) => Promise<void>): Promise<unknown>;
  /** Ends what the ORM itself holds, and the source. */
  close(): Promise<void>;
}

/** An ORM under test. Its `insert` writes an order with this id and the item {@link ITEM}. */
export interface OrmRequest {
  readonly name: string;
  readonly engine: "mysql" | "postgresql";
  readonly portBase: number;
  open(sites: TwoSites): Promise<Orm>;
}

/** The item of every order that the suite writes. */
export const ITEM = "test";

const CALLERS = 8;
const PLANNED = "operator:a test";
const AUTOMATIC = "ARB-23";
const BOTH = ["dc1", "dc2"] as const;
type Site = (typeof BOTH)[number];

const HOME_CLOSED = {
  dc1: { readable: true, writable: false },
  dc2: { readable: true, writable: true },
};
/** Callers that wait for a switch rather than hear of a dead server, or of one that people are leaving. */
const patient = (config: SdkConfigInput): SdkConfigInput => ({
  ...config,
  router: { ...config.router, holdMs: 60_000, retry: { times: 100, delayMs: 100 } },
});

/** @returns the SDK's code in what a call was rejected with; null if it was not rejected, or by somebody else */
async function refusalOf(call: Promise<unknown>): Promise<string | null> {
  return call.then(
    () => null,
    (error: unknown) => findSdkErrorCode(error),
  );
}

/**
 * What holds for every ORM that is given a routed pool, proven with two real servers.
 *
 * @param request the ORM
 */
export function describeOrm(request: OrmRequest): void {
  describe(`${request.name} on ${request.engine}`, () => {
    let sites: TwoSites;
    let orm: Orm;
    const { it } = useTwoSites(request.engine, request.portBase, async (started) => {
      sites = started;
      await sites.route({ active: "dc1" });
      // One ORM for all tests, which switch to and fro below it.
      orm = await request.open({ ...sites, config: patient(sites.config) });
    });
    afterEach(async () => {
      if (orm !== undefined) await follow({ active: "dc1", decidedBy: PLANNED });
    });
    afterAll(() => orm?.close());

    /** Writes a route, and waits until the ORM's source is where it leads. */
    const follow = async (change: Partial<Route>): Promise<void> => {
      const { route } = await sites.route(change);
      await eventually(() => expect(orm.source.route()?.epoch).toBe(route.epoch));
    };
    const switchTo = (active: string, decidedBy: string): Promise<void> => follow({ active, decidedBy });
    const portOf = (site: Site): number => sites.engine.dataCentres[site].port;
    const holding = async (site: Site, ...ids: string[]): Promise<number> =>
      (await sites.engine.holdsOrders(site, ids)).size;
    /** What dc1 commits comes to dc2 sooner or later, never the other way round. */
    const expectNowhere = async (...ids: string[]): Promise<void> => {
      for (const site of BOTH) expect(await holding(site, ...ids)).toBe(0);
    };
    it("writes, and reads what it wrote and nothing else", async () => {
      const id = randomUUID();
      await orm.insert(id);
      expect(await orm.items(id)).toEqual([ITEM]);
      expect(await orm.items(randomUUID())).toEqual([]);
      expect(await holding("dc1", id)).toBe(1);
    });

    it("commits a transaction as a whole", async () => {
      const [first, second] = [randomUUID(), randomUUID()];
      await orm.transaction(async (transaction) => {
        await transaction.insert(first);
        await expectNowhere(first);
        await transaction.insert(second);
      });
      expect(await holding("dc1", first, second)).toBe(2);
    });

    it("rolls a transaction back as a whole, and tells why it did", async () => {
      const id = randomUUID();
      const work = orm.transaction(async (transaction) => {
        await transaction.insert(id);
        throw new Error("the customer left");
      });
      await expect(work).rejects.toThrow("the customer left");
      await expectNowhere(id);
      expect(await orm.port()).toBe(portOf("dc1"));
    });

    it("works on the other side after a switch, and on the first one after the way back", async () => {
      const ids = [randomUUID(), randomUUID(), randomUUID()] as const;
      await orm.insert(ids[0]);
      await switchTo("dc2", AUTOMATIC);
      expect(await orm.port()).toBe(portOf("dc2"));
      await orm.insert(ids[1]);
      expect(await orm.items(ids[1])).toEqual([ITEM]);
      await orm.transaction(async (transaction) => void (await transaction.insert(ids[2])));
      expect(await holding("dc1", ...ids)).toBe(1);
      expect(await holding("dc2", ids[1], ids[2])).toBe(2);
      await switchTo("dc1", PLANNED);
      expect(await orm.port()).toBe(portOf("dc1"));
      expect(await orm.items(ids[0])).toEqual([ITEM]);
    });

    it("ends a transaction where it began when people switch meanwhile", async () => {
      const ids = [randomUUID(), randomUUID()] as const;
      await orm.transaction(async (transaction) => {
        await transaction.insert(ids[0]);
        await switchTo("dc2", PLANNED);
        expect(await orm.port()).toBe(portOf("dc2"));
        await transaction.insert(ids[1]);
      });
      expect(await holding("dc1", ...ids)).toBe(2);
    });

    it("rejects a transaction over which the side is lost, with the switch as the reason, and leaves nothing of it", async () => {
      const ids = [randomUUID(), randomUUID()] as const;
      const work = orm.transaction(async (transaction) => {
        await transaction.insert(ids[0]);
        await switchTo("dc2", AUTOMATIC);
        await transaction.insert(ids[1]);
      });
      expect(await refusalOf(work)).toBe("EVENKEEL_SWITCHED");
      await expectNowhere(...ids);
      expect(await orm.port()).toBe(portOf("dc2"));
    });

    it("is refused writes by the SDK's own error while a rule closes its side for them, and still reads", async () => {
      const id = randomUUID();
      await orm.insert(id);
      await follow({ dataCentres: HOME_CLOSED, decidedBy: AUTOMATIC });
      expect(await refusalOf(orm.insert(randomUUID()))).toBe("EVENKEEL_NOT_WRITABLE");
      const work = orm.transaction(async (transaction) => void (await transaction.insert(randomUUID())));
      expect(await refusalOf(work)).toBe("EVENKEEL_NOT_WRITABLE");
      expect(await orm.items(id)).toEqual([ITEM]);
    });

    it("waits while people close its side before they open the other one, and then writes there", async () => {
      const ids = [randomUUID(), randomUUID()] as const;
      await follow({ dataCentres: HOME_CLOSED, decidedBy: PLANNED });
      const work = Promise.all([
        orm.insert(ids[0]),
        orm.transaction(async (transaction) => void (await transaction.insert(ids[1]))),
      ]);
      await follow({ active: "dc2", dataCentres: HOME_CLOSED, decidedBy: PLANNED });
      await work;
      expect(await holding("dc2", ...ids)).toBe(2);
    });

    it("has work done again, where it may be repeated, until it is done on the side that took over from a dead one", async () => {
      const askUntilMoved = async (): Promise<void> => {
        while ((await orm.source.repeat(() => orm.port())) !== portOf("dc2"));
      };
      // Several are on their way when the server dies, whatever each of them hears of that.
      const outcomes = Promise.allSettled(Array.from({ length: CALLERS }, askUntilMoved));
      await sites.engine.dataCentres.dc1.process.kill();
      await switchTo("dc2", AUTOMATIC);
      for (const outcome of await outcomes)
        expect(outcome).toEqual({ status: "fulfilled", value: undefined });
    });

    it("has such a transaction done again from its beginning on the other side, where it may be repeated", async () => {
      const ids = [randomUUID(), randomUUID()] as const;
      let begun = 0;
      await orm.source.repeat(async () => {
        begun += 1;
        await orm.transaction(async (transaction) => {
          await transaction.insert(ids[0]);
          await switchTo("dc2", AUTOMATIC);
          await transaction.insert(ids[1]);
        });
      });
      expect(begun).toBe(2);
      expect(await holding("dc2", ...ids)).toBe(2);
      expect(await holding("dc1", ...ids)).toBe(0);
    });
  });
}
