import { useState } from "react";
import type { Wish } from "../parts/monitor-card.tsx";
import { AccessDialog } from "./access-dialog.tsx";
import { ArmDialog } from "./arm-dialog.tsx";
import type { DialogProps } from "./dialog-props.ts";
import { MaintenanceDialog } from "./maintenance-dialog.tsx";
import { SdkDialog } from "./sdk-dialog.tsx";
import { SwitchDialog } from "./switch-dialog.tsx";

/** The dialog that confirms what a person asked for by a button. */
export function WishDialog(props: Omit<DialogProps, "monitor"> & { readonly wish: Wish }) {
  const { wish, ...rest } = props;
  // The monitor as it was when the dialog opened: what the person saw.
  const [monitor] = useState(() => props.view.monitors.find(({ id }) => id === wish.monitorId));
  if (monitor === undefined) return null;
  if (wish.type === "switch") return <SwitchDialog {...rest} monitor={monitor} offer={wish.offer} />;
  if (wish.type === "access")
    return <AccessDialog {...rest} monitor={monitor} dataCentre={wish.dataCentre} />;
  if (wish.type === "maintain") return <MaintenanceDialog {...rest} monitor={monitor} />;
  if (wish.type === "sdk") return <SdkDialog {...rest} monitor={monitor} configures={wish.configures} />;
  return <ArmDialog {...rest} monitor={monitor} />;
}
