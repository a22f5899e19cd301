import { Route } from "@evenkeel/contracts/route";

/** A route of an epoch; home dc1, everything open, decided by a rule. */
export function makeRoute(epoch: number, decision = `dec-${epoch}`, more: Partial<Route> = {}): Route {
  return Route.parse({
    v: 1,
    epoch,
    decision,
    after: null,
    active: "dc1",
    phase: "stable",
    dataCentres: { dc1: { readable: true, writable: true }, dc2: { readable: true, writable: true } },
    reason: "",
    decidedBy: "ARB-23",
    decidedAt: "",
    ...more,
  });
}
