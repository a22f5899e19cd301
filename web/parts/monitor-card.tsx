import DownOutlined from "@ant-design/icons/DownOutlined";
import LinkOutlined from "@ant-design/icons/LinkOutlined";
import WarningFilled from "@ant-design/icons/WarningFilled";
import type { LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import { Button } from "antd";
import { memo } from "react";
import { useWords } from "../language/words-context.tsx";
import { isAdvised, type Offers, offerCommands, type SwitchOffer } from "../model/offer-commands.ts";
import type { Outcome } from "../model/outcome.ts";
import { isUnwritten, MARK_WORDS } from "../model/state-look.ts";
import { renderHash } from "../routing/hash-route.ts";
import { ArmingTag } from "./arming-tag.tsx";
import { DataCentrePanel } from "./data-centre-panel.tsx";
import { OpenWindow } from "./open-window.tsx";
import { OutcomeNotice } from "./outcome-notice.tsx";
import { ProtectionList } from "./protection-list.tsx";
import { Behind, RunningSwitch } from "./running-switch.tsx";
import { SettingButtons } from "./setting-buttons.tsx";
import { StateBadge } from "./state-badge.tsx";

/** What a person asked for by a button of a card; a dialog confirms it. */
export type Wish =
  | { readonly type: "switch"; readonly monitorId: string; readonly offer: SwitchOffer }
  | { readonly type: "access"; readonly monitorId: string; readonly dataCentre: string }
  | { readonly type: "arm" | "maintain"; readonly monitorId: string }
  /** `configures`: whether the person may store what is chosen. */
  | { readonly type: "sdk"; readonly monitorId: string; readonly configures: boolean };

/** What a card shows and tells. */
export interface MonitorCardProps {
  readonly instanceId: string;
  readonly sites: LiveView["sites"];
  readonly monitor: LiveMonitor;
  /** Whether the person's role may switch. */
  readonly operates: boolean;
  /** Whether the person's role may change settings: maintenance windows are some. */
  readonly configures: boolean;
  /** Whether the picture may be acted on. */
  readonly trusted: boolean;
  readonly unfolded: boolean;
  readonly outcome: Outcome | undefined;
  readonly onUnfold: (monitorId: string, unfolded: boolean) => void;
  readonly onWish: (wish: Wish) => void;
  readonly onDismiss: (monitorId: string) => void;
}

/**
 * One monitor: what it watches, which side is active, how each side is, what would happen, and what can be done.
 * Drawn again only when something of it changed: a picture of a hundred monitors comes four times a second.
 */
export const MonitorCard = memo(function MonitorCard(props: MonitorCardProps) {
  const { t, kind } = useWords();
  const { instanceId, sites, monitor, unfolded, outcome } = props;
  const offers = offerCommands(monitor, props.operates, props.trusted);
  const address = renderHash({ page: "instance", instanceId, monitorId: monitor.id });
  const canAccess = offers.access && offers.blocked === null;
  return (
    <article
      className={`monitor edge-${monitor.state} ${unfolded ? "" : "monitor-folded"}`}
      aria-label={monitor.name}
      data-monitor={monitor.id}
    >
      <header className="monitor-head">
        <StateBadge state={monitor.state} />
        <h3>
          <a href={address} title={t("monitors.link")}>
            {monitor.name} <LinkOutlined aria-hidden />
          </a>
        </h3>
        <span className="muted">{kind(monitor.kind)}</span>
        {monitor.switchable ? (
          <span className={`active-is ${monitor.active === monitor.home ? "" : "active-away"}`}>
            {t("monitor.active-is", { dc: monitor.active })}
            {monitor.active === monitor.home ? null : <small>{t("monitor.away")}</small>}
            {isUnwritten(monitor) ? (
              <small title={t("monitor.unwritten.meaning")}>{t("monitor.unwritten")}</small>
            ) : null}
          </span>
        ) : null}
        <span className="monitor-facts">
          <ArmingTag monitor={monitor} />
          <span className="epoch">{t("monitor.epoch", { epoch: monitor.epoch })}</span>
          <Button
            type="text"
            size="small"
            aria-expanded={unfolded}
            aria-label={t(unfolded ? "monitors.fold" : "monitors.unfold")}
            title={t(unfolded ? "monitors.fold" : "monitors.unfold")}
            icon={<DownOutlined rotate={unfolded ? 180 : 0} />}
            onClick={() => props.onUnfold(monitor.id, !unfolded)}
          />
        </span>
      </header>
      {monitor.marks.map((mark) => (
        <p key={mark} className={`mark mark-${mark}`}>
          <WarningFilled aria-hidden /> {t(MARK_WORDS[mark])}
        </p>
      ))}
      <RunningSwitch monitor={monitor} />
      <Behind monitor={monitor} />
      <OpenWindow monitor={monitor} />
      {outcome === undefined ? null : (
        <OutcomeNotice name={monitor.name} outcome={outcome} onDismiss={() => props.onDismiss(monitor.id)} />
      )}
      <div className="dcs">
        {monitor.dataCentres.map((dataCentre) => (
          <DataCentrePanel
            key={dataCentre.name}
            sites={sites}
            monitor={monitor}
            dataCentre={dataCentre}
            unfolded={unfolded}
            onAccess={
              canAccess
                ? () => props.onWish({ type: "access", monitorId: monitor.id, dataCentre: dataCentre.name })
                : null
            }
          />
        ))}
      </div>
      {monitor.switchable ? (
        <footer className="monitor-foot">
          <ProtectionList instanceId={instanceId} sites={sites} monitor={monitor} unfolded={unfolded} />
          <Actions
            monitor={monitor}
            offers={offers}
            configures={props.configures}
            unfolded={unfolded}
            trusted={props.trusted}
            onWish={props.onWish}
          />
        </footer>
      ) : null}
    </article>
  );
});

function Actions(props: {
  readonly monitor: LiveMonitor;
  readonly offers: Offers;
  readonly configures: boolean;
  readonly trusted: boolean;
  readonly unfolded: boolean;
  readonly onWish: (wish: Wish) => void;
}) {
  const { t } = useWords();
  const { monitor, offers } = props;
  const disabled = offers.blocked !== null;
  return (
    <fieldset className="actions" aria-label={t("monitors.actions", { name: monitor.name })}>
      {offers.switches.map((offer) => (
        <Button
          key={offer.to}
          type={isAdvised(monitor, offer) ? "primary" : "default"}
          disabled={disabled}
          onClick={() => props.onWish({ type: "switch", monitorId: monitor.id, offer })}
        >
          {t(`offer.${offer.type}`, { to: offer.to })}
        </Button>
      ))}
      {offers.arm ? (
        <Button disabled={disabled} onClick={() => props.onWish({ type: "arm", monitorId: monitor.id })}>
          {t("offer.arm")}
        </Button>
      ) : null}
      {props.unfolded ? <SettingButtons {...props} monitorId={monitor.id} /> : null}
      {offers.blocked === null ? null : <p className="hint">{t(offers.blocked)}</p>}
    </fieldset>
  );
}
