import type { RoutingAlgorithm } from "./sdk-config.ts";

/** How applications reach the servers of a kind of monitor through the SDK. */
export interface KindSdk {
  /** The routing algorithms that the SDK serves for this kind; the first one is the default. */
  readonly algorithms: readonly [RoutingAlgorithm, ...RoutingAlgorithm[]];
  /** Whether reads may be spread over the replicas of a data centre. */
  readonly readsReplicas: boolean;
  /** Whether the SDK can tell how old what a server shows is, so that reads can be bounded by that. */
  readonly measuresStaleness: boolean;
  /** The package of the driver, which applications install themselves. */
  readonly driver: string;
  /** The lines of TypeScript that open a source from `evenkeel.yaml` and ask something once. */
  readonly code: string;
}
