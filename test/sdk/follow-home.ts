import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import type { SideRequest, WarmSide } from "../../sdk/switching/create-sides.ts";
import type { RoutedRequest } from "../../sdk/switching/routed-request.ts";
import { createSwitchboard } from "../../sdk/switching/switchboard.ts";
import { makeRoute } from "./make-route.ts";
import type { TwoSites } from "./two-sites.ts";

/**
 * Puts one side together with a board that follows it, as a source does, for looking at what becomes of the board.
 *
 * @param sites whose home it is
 * @param createSide the driver's part
 * @param reread what reading the route again does
 * @returns what a routed pool is made of; `end` closes the side
 */
export function followHome<S extends WarmSide>(
  sites: TwoSites,
  createSide: (request: SideRequest) => S,
  reread: () => Promise<void>,
): RoutedRequest<S> {
  const source = SdkConfig.parse(sites.config).sources.dc1;
  if (source === undefined) throw new Error("there is no dc1");
  const board = createSwitchboard<S>({ sideOf: () => side, drainMs: 0 });
  const side = createSide({
    ...{ dataCentre: "dc1", source, readOnly: false, isReader: false, connectTimeoutMs: 5000 },
    ...{ onBroken: () => undefined, onReadOnly: () => void board.reread() },
  });
  board.reread = reread;
  board.follow(makeRoute(1));
  return { board, readers: null, retry: { times: 0, delayMs: 0 }, end: async () => side.close() };
}
