import { SdkConfig } from "@evenkeel/contracts/sdk-config";
import type { SideRequest, WarmSide } from "../../sdk/switching/create-sides.ts";
import type { RoutedRequest } from "../../sdk/switching/routed-request.ts";
import { createSwitchboard } from "../../sdk/switching/switchboard.ts";
import { makeRoute } from "./make-route.ts";
import type { TwoSites } from "./two-sites.ts";

/** What reading the route again does: `toDc2` follows a route to the other side. */
export type Reread = (toDc2: () => void) => Promise<void>;

/**
 * Puts sides together with a board that follows the home, as a source does, for looking at what becomes of the board.
 *
 * @param sites whose home it is
 * @param createSide the driver's part
 * @param reread what reading the route again does
 * @param times how often what is refused is tried again
 * @returns what a routed pool is made of; `end` closes the sides
 */
export function followHome<S extends WarmSide>(
  sites: TwoSites,
  createSide: (request: SideRequest) => S,
  reread: Reread,
  times = 0,
): RoutedRequest<S> {
  const { sources } = SdkConfig.parse(sites.config);
  const sides = new Map<string, S>();
  const sideOf = ({ dataCentre }: { dataCentre: string }): S => {
    const source = sources[dataCentre];
    if (source === undefined) throw new Error(`there is no ${dataCentre}`);
    const side =
      sides.get(dataCentre) ??
      createSide({
        ...{ dataCentre, source, readOnly: false, isReader: false, connectTimeoutMs: 5000 },
        ...{ onBroken: () => undefined, onReadOnly: () => void board.reread() },
      });
    sides.set(dataCentre, side);
    return side;
  };
  const board = createSwitchboard<S>({ sideOf, drainMs: 0 });
  board.reread = () => reread(() => void board.follow(makeRoute(2, "dec-2", { active: "dc2" })));
  board.follow(makeRoute(1));
  const end = async (): Promise<void> => {
    for (const side of sides.values()) side.close();
  };
  return { board, readers: null, retry: { times, delayMs: 0 }, end };
}
