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

/** One data centre's server as an application reaches it. */
export interface SourceAddress {
  readonly host: string;
  readonly port: number;
  /** All servers (`host:port`) where there are several; `host` and `port` are the first. */
  readonly addresses?: readonly string[];
  /** Servers (`host:port`) that follow it; absent for kinds whose reads are never spread. */
  readonly replicas?: readonly string[];
  /** How these are organised, where that is not one server: the SDK's own word. */
  readonly mode?: "sentinel" | "cluster";
  /** Mode sentinel: the master's name, and whether an application logs in at the sentinels with a user's name. */
  readonly sentinel?: { readonly masterName: string; readonly hasUser: boolean };
  /** The connected databases; empty for kinds that have none. */
  readonly databases: readonly string[];
  /** True if an application logs in with a user's name. */
  readonly hasUser: boolean;
}
