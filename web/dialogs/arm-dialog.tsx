import { Input } from "antd";
import { useState } from "react";
import type { Order } from "../api/commands.ts";
import { useWords } from "../language/words-context.tsx";
import type { Outcome } from "../model/outcome.ts";
import { Field } from "../parts/field.tsx";
import { DialogFrame } from "./dialog-frame.tsx";
import type { DialogProps } from "./dialog-props.ts";
import { useOrder } from "./use-order.ts";
import { useSight } from "./use-sight.ts";

/** Longest reason that the API takes. */
const REASON_MAX = 500;

/** Confirms that the automatic switch is armed at once; it takes a reason. */
export function ArmDialog(props: DialogProps) {
  const { t } = useWords();
  const { view, monitor, onClose } = props;
  const order = useOrder(props.send);
  const sight = useSight(view, monitor, order.outcome, order.busy);
  const [reason, setReason] = useState("");
  const closeIfAccepted = (outcome: Outcome | null) => {
    if (outcome?.type === "accepted") onClose();
  };
  const make = (idempotencyKey: string): Order => ({
    type: "arm",
    body: { expectedEpoch: sight.sight.epoch, idempotencyKey, reason: reason.trim() },
  });
  return (
    <DialogFrame
      title={t("dialog.arm.title", { name: monitor.name })}
      order={order}
      sight={sight}
      freshness={props.freshness}
      refresh={props.refresh}
      confirm={{ label: t("dialog.arm.confirm"), danger: false, ready: reason.trim() !== "" }}
      onConfirm={() => void order.send(make).then(closeIfAccepted)}
      onAgain={() => void order.sendAgain().then(closeIfAccepted)}
      onLook={sight.look}
      onClose={onClose}
    >
      <p>{t("dialog.arm.explain", { dc: sight.sight.active })}</p>
      <Field
        label={t("dialog.reason")}
        render={(id) => (
          <Input
            id={id}
            value={reason}
            maxLength={REASON_MAX}
            required
            onChange={(event) => setReason(event.target.value)}
          />
        )}
      />
    </DialogFrame>
  );
}
