import type { Observation } from "@evenkeel/contracts/observation";
import type { Route } from "@evenkeel/contracts/route";
import type { RouteWitness } from "@evenkeel/core/health/heartbeat";
import { DATA_CENTRES, type DataCentre } from "@evenkeel/lab/engines/engine-handle";
import { expect } from "vitest";
import { SYSTEM_CLOCK } from "../../agents/clock.ts";
import { createProberSet, targetKey } from "../../agents/probing/prober-set.ts";
import { MONITOR, makePlan } from "../core/arbitration/world.ts";
import { eventually } from "../eventually.ts";
import type { TwoServers } from "./two-servers.ts";

/** Key of the row that the agent of these tests writes. */
export const SOURCE = "agt_heart01";
const TIMING = { retryIntervalMs: 200, accessTimeoutMs: 1000, monitorTimeoutMs: 60_000 };

/** An agent's probers of both data centres, with heartbeats. */
export interface Beating {
  see(dataCentre: DataCentre): Observation | undefined;
  /** Waits until a data centre is seen so. */
  expect(dataCentre: DataCentre, seen: object): Promise<void>;
  /** The route names another active side; null: nobody tells. */
  route(active: DataCentre | null): void;
  stop(): void;
}

/**
 * Probes both data centres as an agent does, as if the control plane told it the route.
 *
 * @param servers the servers
 * @param heartbeat the heartbeat account
 */
export async function startBeating(
  servers: TwoServers,
  heartbeat: { readonly user: string; readonly password: string },
): Promise<Beating> {
  let epoch = 0;
  let witnesses: RouteWitness[] = [];
  const passwords = DATA_CENTRES.map((name) => servers.settings(name).password);
  const probers = createProberSet(
    async () => ({ ok: true, secret: { password: passwords[0], heartbeatPassword: heartbeat.password } }),
    () => undefined,
    {
      clock: SYSTEM_CLOCK,
      findPlugin: () => servers.plugin,
      heartbeats: { source: SOURCE, listen: () => witnesses, firstSeq: Date.now, settleMs: 500 },
    },
  );
  const route = (active: DataCentre | null): void => {
    epoch += 1;
    const dataCentres = { dc1: { readable: true, writable: true }, dc2: { readable: true, writable: true } };
    const told: Route = {
      ...{ v: 1, epoch, decision: `dec_${epoch}`, after: null, active: active ?? "dc1", phase: "stable" },
      ...{ dataCentres, reason: "", decidedBy: "", decidedAt: "" },
    };
    witnesses = active === null ? [] : [{ by: "control-plane", route: told }];
    probers.lookAgain();
  };
  route("dc1");
  const plan = makePlan({ monitor: { kind: servers.plugin.kind }, timing: TIMING });
  const monitors = plan.monitors.map((monitor) => ({
    ...monitor,
    dataCentres: monitor.dataCentres.map((target) => {
      const { password: _, ...config } = servers.settings(target.name === "dc1" ? "dc1" : "dc2");
      return { ...target, config: { ...config, heartbeatUser: heartbeat.user } };
    }),
  }));
  await probers.follow({ ...plan, monitors });
  const see = (dataCentre: DataCentre) => probers.observe(new Set([targetKey(MONITOR, dataCentre)]))[0];
  return {
    see,
    route,
    expect: async (dataCentre, seen) =>
      await eventually(() => expect(see(dataCentre)).toMatchObject(seen), { timeout: 30_000 }),
    stop: () => probers.stop(),
  };
}

/**
 * The statements of the plugin's own account, for the test's machine and a password: what people paste.
 *
 * @param account the plugin's text
 * @param password takes the place of every `…`
 */
export function readAccount(account: string, password: string): string[] {
  return account
    .replaceAll("192.0.2.20", "127.0.0.1")
    .replaceAll("…", password)
    .split("\n")
    .filter((line) => !line.startsWith("--") && !line.startsWith("host"))
    .map((line) => line.replace(/ -- \w+$/, ""))
    .join("\n")
    .split(/;\n?/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
