import type { LiveDataCentre, LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import { Button } from "antd";
import type { ReactNode } from "react";
import { formatDuration, formatLatency, formatMoment } from "../language/format.ts";
import { useWords } from "../language/words-context.tsx";
import { nameSite } from "../model/instance-summary.ts";
import { VOTE_WORDS } from "../model/state-look.ts";
import { AccountStatements } from "./account-statements.tsx";
import { Measured } from "./measured.tsx";
import { StateBadge } from "./state-badge.tsx";

/** One data centre of a monitor: whether it is active, how it is, who says so, and what applications may do there. */
export function DataCentrePanel(props: {
  readonly sites: LiveView["sites"];
  readonly monitor: LiveMonitor;
  readonly dataCentre: LiveDataCentre;
  /** False: only what matters at a glance. */
  readonly unfolded: boolean;
  /** Opens the read/write dialog; null: the person cannot. */
  readonly onAccess: (() => void) | null;
}) {
  const { t } = useWords();
  const { sites, monitor, dataCentre, unfolded } = props;
  const active = dataCentre.name === monitor.active;
  const site = nameSite(sites, dataCentre.site);
  const words = dataCentre.words === "" ? t("monitor.no-answer-yet") : dataCentre.words;
  return (
    <section
      className={`dc ${monitor.switchable ? (active ? "dc-active" : "dc-standby") : ""}`}
      aria-label={t("dc.title", { dc: dataCentre.name, site })}
    >
      <div className="dc-head">
        <b className="dc-name">{dataCentre.name}</b>
        {site === dataCentre.name ? null : <span className="muted">{site}</span>}
        {dataCentre.name === monitor.home && monitor.switchable ? (
          <span className="tag">{t("monitor.home")}</span>
        ) : null}
        {monitor.switchable ? (
          <span className={active ? "role role-active" : "role"}>
            {t(active ? "monitor.active" : "monitor.standby")}
          </span>
        ) : null}
      </div>
      <div className="dc-state">
        <StateBadge state={dataCentre.state} />
        {dataCentre.latencyMs === null || dataCentre.state !== "normal" ? null : (
          <span className="latency" title={t("dc.latency")}>
            {formatLatency(dataCentre.latencyMs)}
          </span>
        )}
        {unfolded ? null : <Flags dataCentre={dataCentre} onlyStopped />}
      </div>
      {unfolded || dataCentre.state !== "normal" ? <p className="dc-words">{words}</p> : null}
      {unfolded ? <Particulars {...props} /> : null}
    </section>
  );
}

function Particulars(props: Parameters<typeof DataCentrePanel>[0]) {
  const { t } = useWords();
  const { sites, monitor, dataCentre, onAccess } = props;
  const { code, advice, healthyForMs, edge } = dataCentre;
  const votes = Object.entries(dataCentre.votes);
  return (
    <dl className="particulars">
      {code === null ? null : <Particular name={t("dc.code")} value={<code>{code}</code>} />}
      {advice === null ? null : <Particular name={t("dc.advice")} value={advice} />}
      {dataCentre.state === "misconfigured" ? <AccountStatements kind={monitor.kind} /> : null}
      <Particular
        name={t("dc.votes")}
        value={
          votes.length === 0
            ? t("dc.no-votes")
            : votes.map(([siteId, vote]) => (
                <span key={siteId} className={`vote vote-${vote}`}>
                  {nameSite(sites, siteId)} <b>{t(VOTE_WORDS[vote])}</b>
                </span>
              ))
        }
      />
      <Measured dataCentre={dataCentre} />
      {edge === null || edge === undefined ? null : (
        <Particular name={t("dc.edge")} value={<SeenFromEdge sight={edge} />} />
      )}
      {healthyForMs === null ? null : (
        <Particular
          name={t("dc.health")}
          value={t("dc.healthy-for", { for: formatDuration(healthyForMs) })}
        />
      )}
      {monitor.switchable ? (
        <Particular
          name={t("dc.access")}
          value={
            <>
              <Flags dataCentre={dataCentre} onlyStopped={false} />
              {onAccess === null ? null : <ChangeButton name={dataCentre.name} onAccess={onAccess} />}
            </>
          }
        />
      ) : null}
    </dl>
  );
}

/** It asks once a minute: when it did belongs to its answer. */
function SeenFromEdge({ sight }: { readonly sight: NonNullable<LiveDataCentre["edge"]> }) {
  const { t, language } = useWords();
  const at = formatMoment(sight.atMs, sight.atMs, language);
  return (
    <span className={sight.healthy === false ? "vote vote-down" : "vote vote-up"}>
      {t("dc.edge.seen", { words: sight.words, at })}
      {sight.advice === null ? null : `; ${sight.advice}`}
    </span>
  );
}

function ChangeButton(props: { readonly name: string; readonly onAccess: () => void }) {
  const { t } = useWords();
  const label = t("dc.access.change-of", { dc: props.name });
  return (
    <Button size="small" type="link" aria-label={label} onClick={props.onAccess}>
      {t("dc.access.change")}
    </Button>
  );
}

function Particular(props: { readonly name: string; readonly value: ReactNode }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.value}</dd>
    </div>
  );
}

function Flags(props: { readonly dataCentre: LiveDataCentre; readonly onlyStopped: boolean }) {
  const { t } = useWords();
  const { readable, writable } = props.dataCentre;
  const flags = [
    { flag: t("dc.readable"), allowed: readable },
    { flag: t("dc.writable"), allowed: writable },
  ].filter(({ allowed }) => !allowed || !props.onlyStopped);
  return flags.map(({ flag, allowed }) => (
    <span key={flag} className={`flag ${allowed ? "flag-on" : "flag-off"}`}>
      {t(allowed ? "dc.allowed" : "dc.denied", { flag })}
    </span>
  ));
}
