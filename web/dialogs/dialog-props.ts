import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import type { Freshness } from "../live/freshness.ts";
import type { SendOrder } from "./use-order.ts";

/** What every dialog about a monitor gets. */
export interface DialogProps {
  readonly view: LiveView;
  /** The monitor as it was when the dialog opened. */
  readonly monitor: LiveMonitor;
  readonly freshness: Freshness;
  readonly send: SendOrder;
  /** Gets the present picture. */
  readonly refresh: () => Promise<void>;
  readonly onClose: () => void;
}
