import { Checkbox, Input } from "antd";
import { useState } from "react";
import type { Order } from "../api/commands.ts";
import { useWords } from "../language/words-context.tsx";
import { checkSwitch } from "../model/check-switch.ts";
import type { SwitchOffer } from "../model/offer-commands.ts";
import type { Outcome } from "../model/outcome.ts";
import { Field } from "../parts/field.tsx";
import { Notice } from "../parts/notice.tsx";
import { CheckList } from "./check-list.tsx";
import { DialogFrame } from "./dialog-frame.tsx";
import type { DialogProps } from "./dialog-props.ts";
import { FromTo } from "./from-to.tsx";
import { useOrder } from "./use-order.ts";
import { useSight } from "./use-sight.ts";

/** Longest reason that the API takes. */
const REASON_MAX = 500;

/** Confirms a switch: from where to where, on which epoch, what it would meet; force asks for more. */
export function SwitchDialog(props: DialogProps & { readonly offer: SwitchOffer }) {
  const { t } = useWords();
  const { view, monitor, offer, onClose } = props;
  const order = useOrder(props.send);
  const sight = useSight(view, monitor, order.outcome, order.busy);
  const [force, setForce] = useState(false);
  const [ticked, setTicked] = useState(false);
  const [reason, setReason] = useState("");
  const current = sight.current ?? monitor;
  const { to } = offer;
  const from = sight.sight.active;
  const active = current.dataCentres.find(({ name }) => name === from);
  const checks = checkSwitch(view, current, to);
  const leavesHealthy = active?.state === "normal";
  const closeIfAccepted = (outcome: Outcome | null) => {
    if (outcome?.type === "accepted") onClose();
  };
  const make = (idempotencyKey: string): Order => ({
    type: offer.type,
    body: {
      to,
      expectedEpoch: sight.sight.epoch,
      idempotencyKey,
      force,
      ...(reason.trim() === "" ? {} : { reason: reason.trim() }),
    },
  });
  const label = force
    ? t("dialog.confirm-force", { to })
    : leavesHealthy
      ? t("dialog.confirm-away", { from, to })
      : t(`dialog.confirm-${offer.type}`, { to });
  const forceReady = !force || (ticked && reason.trim() !== "");
  return (
    <DialogFrame
      title={t(`dialog.${offer.type}.title`, { name: monitor.name, to })}
      order={order}
      sight={sight}
      freshness={props.freshness}
      refresh={props.refresh}
      confirm={{ label, danger: force || leavesHealthy, ready: forceReady && from !== to }}
      onConfirm={() => void order.send(make).then(closeIfAccepted)}
      onAgain={() => void order.sendAgain().then(closeIfAccepted)}
      onLook={() => {
        sight.look();
        setForce(false);
        setTicked(false);
      }}
      onClose={onClose}
    >
      <FromTo view={view} monitor={current} from={from} to={to} />
      {from === to ? <Notice tone="info" title={t("outcome.unchanged")} /> : <CheckList checks={checks} />}
      <p className="hint">{t("dialog.route-only", { from, to })}</p>
      <div className={force ? "force force-on" : "force"}>
        <Checkbox checked={force} onChange={(event) => setForce(event.target.checked)}>
          {t("dialog.force")}
        </Checkbox>
        {force ? (
          <>
            <p>{t("dialog.force-explain")}</p>
            <Checkbox checked={ticked} onChange={(event) => setTicked(event.target.checked)}>
              {t("dialog.force-tick", { to })}
            </Checkbox>
          </>
        ) : null}
      </div>
      <Field
        label={t(force ? "dialog.reason" : "dialog.reason-optional")}
        render={(id) => (
          <Input
            id={id}
            value={reason}
            maxLength={REASON_MAX}
            required={force}
            onChange={(event) => setReason(event.target.value)}
          />
        )}
      />
    </DialogFrame>
  );
}
