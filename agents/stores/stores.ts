import type { RouteWrite, StoreHealth } from "@evenkeel/contracts/agent-protocol";
import type { PlannedStore } from "@evenkeel/contracts/plan";
import type { Beat } from "@evenkeel/contracts/route";
import type { RouteStore } from "@evenkeel/contracts/route-store";
import type { Unseal } from "../unseal.ts";
import type { MirrorSet } from "./mirror-set.ts";
import type { ProcessTellers, ProcessTellersOptions } from "./process-tellers.ts";
import type { StoreSecret } from "./store-secret.ts";
import type { OpenStore, WrittenResults } from "./write-stores.ts";

/** What the set needs to know. */
export interface StoreSetOptions extends ProcessTellersOptions {
  readonly site: string;
  readonly unseal: Unseal;
  /** Opens a client of a store with what was sealed of it. */
  readonly openStore: (planned: PlannedStore, secret: StoreSecret) => RouteStore;
  /** Who is heard that knows the latest routes. */
  readonly confirmedBy: () => Beat["confirmedBy"];
  readonly onChange: () => void;
  /** Takes what became of routes that were written again because something else stood in a store. */
  readonly onForeign: (results: WrittenResults) => void;
  /** A route was told, or stands otherwise in a store: heartbeats look where they may be written. */
  readonly onRoutes?: () => void;
  /** Tells the operator of a mirror that cannot be written. */
  readonly say: (line: string) => void;
}

/** The set with what it knows. */
export interface Stores {
  readonly options: StoreSetOptions;
  readonly open: Map<string, OpenStore>;
  /** Stores whose credentials cannot be opened, with the reason. */
  readonly locked: Map<string, StoreHealth>;
  readonly mirrors: MirrorSet;
  /** The routes that the control plane told in this connection, by key. */
  readonly told: Map<string, RouteWrite>;
  /** Whether the control plane has told all routes in this connection. */
  isTold: boolean;
  readonly tellers: ProcessTellers;
}
