import { Checkbox } from "antd";
import { useState } from "react";
import type { Order } from "../api/commands.ts";
import { useWords } from "../language/words-context.tsx";
import type { Outcome } from "../model/outcome.ts";
import { Notice } from "../parts/notice.tsx";
import { DialogFrame } from "./dialog-frame.tsx";
import type { DialogProps } from "./dialog-props.ts";
import { useOrder } from "./use-order.ts";
import { useSight } from "./use-sight.ts";

/** Confirms what applications may do in one data centre. */
export function AccessDialog(props: DialogProps & { readonly dataCentre: string }) {
  const { t } = useWords();
  const { view, monitor, dataCentre: dc, onClose } = props;
  const order = useOrder(props.send);
  const sight = useSight(view, monitor, order.outcome, order.busy);
  const current = (sight.current ?? monitor).dataCentres.find(({ name }) => name === dc);
  const [readable, setReadable] = useState(current?.readable ?? true);
  const [writable, setWritable] = useState(current?.writable ?? true);
  const unchanged = current?.readable === readable && current.writable === writable;
  const stopsActive = dc === sight.sight.active && !writable;
  const closeIfAccepted = (outcome: Outcome | null) => {
    if (outcome?.type === "accepted") onClose();
  };
  const make = (idempotencyKey: string): Order => ({
    type: "access",
    body: { dataCentre: dc, readable, writable, expectedEpoch: sight.sight.epoch, idempotencyKey },
  });
  return (
    <DialogFrame
      title={t("dialog.access.title", { name: monitor.name, dc })}
      order={order}
      sight={sight}
      freshness={props.freshness}
      refresh={props.refresh}
      confirm={{ label: t("dialog.access.confirm", { dc }), danger: stopsActive, ready: !unchanged }}
      onConfirm={() => void order.send(make).then(closeIfAccepted)}
      onAgain={() => void order.sendAgain().then(closeIfAccepted)}
      onLook={sight.look}
      onClose={onClose}
    >
      <p>{t("dialog.access.explain", { dc })}</p>
      <div className="force">
        <Checkbox checked={readable} onChange={(event) => setReadable(event.target.checked)}>
          {t("dialog.access.readable")}
        </Checkbox>
        <Checkbox checked={writable} onChange={(event) => setWritable(event.target.checked)}>
          {t("dialog.access.writable")}
        </Checkbox>
      </div>
      {stopsActive ? <Notice tone="warning" title={t("dialog.access.stops-active", { dc })} /> : null}
      {unchanged ? <p className="hint">{t("dialog.access.unchanged")}</p> : null}
    </DialogFrame>
  );
}
