import { Button, Modal } from "antd";
import { type ReactNode, useEffect, useState } from "react";
import { useWords } from "../language/words-context.tsx";
import { type Freshness, isTrusted } from "../live/freshness.ts";
import type { Sight } from "../model/offer-commands.ts";
import { Notice } from "../parts/notice.tsx";
import { OutcomeBody } from "../parts/outcome-notice.tsx";
import type { OrderState } from "./use-order.ts";
import type { SightState } from "./use-sight.ts";

/** Width of a dialog on a wide screen, in pixels. */
const WIDTH_PX = 640;

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
  useFocusBack();
  const unknown = order.outcome?.type === "unknown";
  const trusted = isTrusted(freshness);
  const look = async () => {
    await props.refresh();
    order.forget();
    props.onLook();
  };
  return (
    <Modal
      open
      title={props.title}
      width={WIDTH_PX}
      className="confirmation"
      onCancel={props.onClose}
      closable={{ "aria-label": t("dialog.close") }}
      mask={{ closable: false }}
      // antd locks the page with a style that bears no nonce; styles/dialog.css does it instead.
      scrollLock={false}
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
      <div className="dialog">
        {trusted ? null : <Notice tone="error" live title={t("offer.stale")} />}
        {sight.changed ? <Changed {...sight} seen={sight.sight} /> : null}
        {order.outcome === null ? null : <OutcomeBody outcome={order.outcome} />}
        {props.children}
        <p className="dialog-epoch">{t("dialog.epoch", { epoch: sight.sight.epoch })}</p>
        {order.busy ? <p role="status">{t("dialog.working")}</p> : null}
      </div>
    </Modal>
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

/** Gives the focus back to the button that opened the dialog: it is taken away at once, before antd would do so. */
function useFocusBack(): void {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (opener instanceof HTMLElement) opener.focus();
    },
    [opener],
  );
}
