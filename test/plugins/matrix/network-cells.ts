import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { FAULTS, type FaultName, openServer } from "../fault-servers.ts";
import { KIND_CASES, type KindCase } from "../kind-cases.ts";
import { type Cell, EXPECTED, type Expected, type Proof, type Stage } from "./column.ts";

/** What is never answered is waited for as long. */
export const SHORT_MS = 250;

/**
 * What the tests need to know of a kind beside its plugin.
 *
 * @param kind the kind
 */
export function requireCase(kind: string): KindCase {
  const found = KIND_CASES[kind];
  if (found === undefined) throw new Error(`test/plugins/kind-cases.ts has no ${kind}`);
  return found;
}

const SAME: Readonly<Record<Exclude<FaultName, "garbage">, Expected>> = {
  refused: EXPECTED.refused,
  blackhole: EXPECTED.timedOut,
  mute: EXPECTED.timedOut,
  "accept-and-close": EXPECTED.closed,
  "close-in-handshake": EXPECTED.closed,
  "reset-mid-answer": { verdict: "down", reason: "reset" },
  "slow-drip": EXPECTED.timedOut,
};

/**
 * Makes the cells of what happens below the protocol.
 *
 * @param kind the kind
 * @param garbage what comes of it: drivers wait for the rest of what they take for the beginning of a long message
 */
export function makeNetworkCells(kind: string, garbage: Expected): Readonly<Record<FaultName | "dns", Cell>> {
  const { settings, script } = requireCase(kind);
  const cells = Object.entries({ ...SAME, garbage }).map(([name, expected]): [string, Cell] => {
    const run = async (stage: Stage) => {
      const server = await FAULTS[name as FaultName](script);
      stage.after(() => server.close());
      return await stage.probe(
        settings(server.address),
        expected.reason === "timed-out" ? SHORT_MS : undefined,
      );
    };
    return [name, { by: "fixture", expected, run }];
  });
  const dns: Cell = {
    by: "fixture",
    expected: { verdict: "config", reason: "name-not-found" },
    run: (stage) => stage.probe(settings("no-such-host.invalid:1")),
  };
  return { ...(Object.fromEntries(cells) as Record<FaultName, Cell>), dns };
}

/**
 * Makes the cell of a server that is reached by IPv6: through a relay, because the servers listen where the lab does.
 *
 * @param by what stands behind the relay
 * @param expected what comes of it
 * @param find the server's address, and the settings for another one
 */
export function makeIpv6Cell(
  by: Proof,
  expected: Expected,
  find: (stage: Stage) => Promise<{
    readonly address: string;
    at(address: string): Record<string, unknown>;
  }>,
): Cell {
  return {
    by,
    expected,
    async run(stage) {
      const has6 = Object.values(networkInterfaces()).some((all) =>
        all?.some(({ address }) => address === "::1"),
      );
      if (!has6) return stage.skip("this machine has no IPv6");
      const { address, at } = await find(stage);
      const target = new URL(`tcp://${address}`);
      const relay = await openServer((socket) => {
        const upstream = connect(Number(target.port), target.hostname);
        upstream.on("error", () => socket.destroy());
        socket.on("close", () => upstream.destroy());
        socket.pipe(upstream);
        upstream.pipe(socket);
      }, "::1");
      stage.after(() => relay.close());
      return await stage.probe(at(relay.address));
    },
  };
}
