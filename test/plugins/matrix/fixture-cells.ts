import type { ProbeOutcome } from "@evenkeel/contracts/plugin";
import { findMonitorPlugin } from "@evenkeel/plugins/registry";
import type { ServerCertificate } from "../test-certificates.ts";
import { OTHER_NAME } from "../test-certificates.ts";
import { type Cell, EXPECTED, type Expected } from "./column.ts";
import { requireCase } from "./network-cells.ts";

/**
 * Makes the cell of a server of ours that answers as the engine's manual says.
 *
 * @param kind the kind
 * @param expected what has to come out
 * @param serve starts the server until the test is over
 * @param changes settings beside the usual ones
 */
export function makeFixtureCell(
  kind: string,
  expected: Expected,
  serve: () => Promise<{ readonly address: string; close?(): void }>,
  changes: Record<string, unknown> = {},
): Cell {
  return {
    by: "fixture",
    expected,
    async run(stage) {
      const { address, close } = await serve();
      stage.after(() => close?.());
      return await stage.probe({ ...requireCase(kind).settings(address), ...changes });
    },
  };
}

/**
 * Makes the cell of a certificate that is for another name.
 *
 * @param kind the kind
 * @param serve starts a server with a certificate
 */
export function makeTlsCell(
  kind: string,
  serve: (certificate: ServerCertificate) => Promise<{ readonly address: string; close?(): void }>,
): Cell {
  const tls = { mode: "verify", caPem: OTHER_NAME.cert };
  return makeFixtureCell(kind, EXPECTED.tls, () => serve(OTHER_NAME), { tls, protocol: "https" });
}

/**
 * Makes the cell of something that only the judge was shown.
 *
 * @param kind the kind
 * @param expected what has to come out
 * @param outcome what an engine would have answered
 */
export function makeSampleCell(kind: string, expected: Expected, outcome: ProbeOutcome): Cell {
  const plugin = findMonitorPlugin(kind);
  if (plugin === undefined) throw new Error(`there is no kind ${kind}`);
  const settings = requireCase(kind).settings(SAMPLE_ADDRESS);
  return { by: "sample", expected, run: async () => plugin.judge(outcome, settings) };
}

const SAMPLE_ADDRESS = "127.0.0.1:1";
