import { Button } from "antd";
import type { ReactNode } from "react";
import { useWords } from "../language/words-context.tsx";
import { type Freshness, isTrusted } from "../live/freshness.ts";
import type { Sight } from "../model/offer-commands.ts";
import { Notice } from "../parts/notice.tsx";
import { OutcomeBody } from "../parts/outcome-notice.tsx";
import { Confirmation } from "./confirmation.tsx";
import type { OrderState } from "./use-order.ts";
import type { SightState } from "./use-sight.ts";

/** The frame of every confirmation: the epoch that is decided on, what changed meanwhile, what came of it. */
export function DialogFrame(props: {
  readonly title: string;
  readonly order: OrderState;
  readonly sight: SightState;
  readonly freshness: Freshness;
  readonly refresh: () => Promise<void>;
  readonly confirm: { readonly label: string; readonly danger: boolean; readonly ready: boolean };
  readonly onConfirm: () => void;
  /** Called after an order that was repeated. */
  readonly onAgain: () => void;
  readonly onLook: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const { t } = useWords();
  const { order, sight, freshness, confirm } = props;
  const unknown = order.outcome?.type === "unknown";
  const trusted = isTrusted(freshness);
  const look = async () => {
    await props.refresh();
    order.forget();
    props.onLook();
  };
  return (
    <Confirmation
      title={props.title}
      onClose={props.onClose}
      footer={
        <>
          <Button onClick={props.onClose}>{t("dialog.cancel")}</Button>
          {sight.changed ? (
            <Button type="primary" onClick={() => void look()} disabled={sight.current === null}>
              {t("dialog.changed.look")}
            </Button>
          ) : (
            <Button
              type="primary"
              danger={confirm.danger}
              disabled={!trusted || (!unknown && !confirm.ready)}
              loading={order.busy}
              onClick={unknown ? props.onAgain : props.onConfirm}
            >
              {unknown ? t("dialog.again") : confirm.label}
            </Button>
          )}
        </>
      }
    >
      {trusted ? null : <Notice tone="error" live title={t("offer.stale")} />}
      {sight.changed ? <Changed {...sight} seen={sight.sight} /> : null}
      {order.outcome === null ? null : <OutcomeBody outcome={order.outcome} />}
      {props.children}
      <p className="dialog-epoch">{t("dialog.epoch", { epoch: sight.sight.epoch })}</p>
      {order.busy ? <p role="status">{t("dialog.working")}</p> : null}
    </Confirmation>
  );
}

function Changed(props: SightState & { readonly seen: Sight }) {
  const { t } = useWords();
  const { seen, current } = props;
  return (
    <Notice tone="error" live title={t("dialog.changed.title")}>
      {current === null
        ? t("dialog.changed.gone")
        : t("dialog.changed.detail", {
            from: seen.active,
            epoch: seen.epoch,
            active: current.active,
            now: current.epoch,
          })}
    </Notice>
  );
}
