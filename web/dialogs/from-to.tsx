import ArrowRightOutlined from "@ant-design/icons/ArrowRightOutlined";
import type { LiveDataCentre, LiveMonitor, LiveView } from "@evenkeel/contracts/live";
import { useWords } from "../language/words-context.tsx";
import { nameSite } from "../model/instance-summary.ts";
import { StateBadge } from "../parts/state-badge.tsx";

/** The two sides of a switch, with how each is now. */
export function FromTo(props: {
  readonly view: LiveView;
  readonly monitor: LiveMonitor;
  readonly from: string;
  readonly to: string;
}) {
  const { t } = useWords();
  const { view, monitor, from, to } = props;
  const find = (name: string) => monitor.dataCentres.find((dc) => dc.name === name);
  return (
    <div className="from-to">
      <Side view={view} title={t("dialog.from")} name={from} dataCentre={find(from)} />
      <ArrowRightOutlined className="from-to-arrow" aria-hidden />
      <Side view={view} title={t("dialog.to")} name={to} dataCentre={find(to)} />
    </div>
  );
}

function Side(props: {
  readonly view: LiveView;
  readonly title: string;
  readonly name: string;
  readonly dataCentre: LiveDataCentre | undefined;
}) {
  const { view, title, name, dataCentre } = props;
  const site = dataCentre === undefined ? name : nameSite(view.sites, dataCentre.site);
  return (
    <div className="side">
      <span className="muted">{title}</span>
      <b>{name}</b>
      {site === name ? null : <span className="muted">{site}</span>}
      {dataCentre === undefined ? null : (
        <>
          <StateBadge state={dataCentre.state} />
          {dataCentre.state === "normal" ? null : <span className="side-words">{dataCentre.words}</span>}
        </>
      )}
    </div>
  );
}
