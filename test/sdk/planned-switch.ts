import type { RoutedSource } from "../../sdk/switching/open-source.ts";
import { until } from "../route-store/etcd-cluster.ts";
import type { TwoSites } from "./two-sites.ts";
import { nextSwitch } from "./use-two-sites.ts";

const CALLERS = 6;
/** Writes that are acknowledged before and after the switch. */
const WRITES = 60;
const OPEN = { readable: true, writable: true };
const CLOSED = { readable: true, writable: false };
const PLANNED = { decidedBy: "operator:a test" };

/** What a planned switch under load did to its callers. */
export interface Outcome {
  readonly failures: readonly unknown[];
  readonly acknowledged: readonly string[];
}

/**
 * Writes without a pause while people close the home for writes and, once that is felt, open the other side.
 *
 * @param sites where
 * @param source follows their route
 * @param write writes one order
 * @param isFelt asks, again and again, whether the closed side is felt by what has happened so far
 * @returns what happened
 */
export async function switchUnderLoad(
  sites: TwoSites,
  source: RoutedSource,
  write: (id: string) => Promise<void>,
  isFelt: (outcome: Outcome, underWay: number) => boolean,
): Promise<Outcome> {
  const failures: unknown[] = [];
  const acknowledged: string[] = [];
  let running = true;
  let underWay = 0;
  const caller = async (name: string): Promise<void> => {
    for (let number = 0; running; number += 1) {
      const id = `${name}-${number}`;
      underWay += 1;
      await write(id).then(
        () => void acknowledged.push(id),
        (error: unknown) => void failures.push(error),
      );
      underWay -= 1;
      // What is refused before anything is sent would otherwise leave no room for the route to arrive.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const callers = Array.from({ length: CALLERS }, (_, at) => caller(`planned-${performance.now()}-${at}`));
  await until("writes are acknowledged", async () => acknowledged.length >= WRITES);
  const closed = nextSwitch(source);
  await sites.route({ dataCentres: { dc1: CLOSED, dc2: OPEN }, ...PLANNED });
  await closed;
  await until("the closed side is felt", async () => isFelt({ failures, acknowledged }, underWay));
  const opened = nextSwitch(source);
  await sites.route({ active: "dc2", dataCentres: { dc1: CLOSED, dc2: OPEN }, ...PLANNED });
  await opened;
  const before = acknowledged.length;
  await until("writes go on", async () => acknowledged.length >= before + WRITES);
  running = false;
  await Promise.all(callers);
  return { failures, acknowledged };
}
