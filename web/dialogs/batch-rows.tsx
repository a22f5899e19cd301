import type { LiveMonitor } from "@evenkeel/contracts/live";
import { Checkbox, Select } from "antd";
import { useWords } from "../language/words-context.tsx";
import type { BatchRow } from "../model/batch.ts";
import { StateBadge } from "../parts/state-badge.tsx";
import { CheckItems } from "./check-list.tsx";
import type { BatchState } from "./use-batch.ts";

/** The monitors of a batch: each with its present state, where it would go, and what would stand in its way. */
export function BatchRows(props: { readonly batch: BatchState }) {
  const { t } = useWords();
  const { batch } = props;
  const { rows } = batch.plan;
  if (rows.length === 0) return <p>{t("batch.none")}</p>;
  return (
    <ul className="batch-rows" aria-label={t("batch.monitors")}>
      {rows.map((row) => (
        <Row key={row.member.sight.monitorId} row={row} batch={batch} />
      ))}
    </ul>
  );
}

function Row(props: { readonly row: BatchRow; readonly batch: BatchState }) {
  const { t } = useWords();
  const { row, batch } = props;
  const { member, monitor, picked, to, changed, checks } = row;
  const id = member.sight.monitorId;
  const name = monitor?.name ?? id;
  // That a healthy side is left is said once for all of them.
  const matters = checks.filter(
    ({ level, message }) => level !== "fine" && message.id !== "check.active-healthy",
  );
  return (
    <li className={picked ? "batch-row" : "batch-row batch-row-left"}>
      <div className="batch-line">
        <Checkbox
          checked={picked}
          disabled={to === null || monitor === null}
          onChange={(event) => batch.pick(id, event.target.checked)}
        >
          <b>{name}</b>
        </Checkbox>
        <Side monitor={monitor} name={member.sight.active} /> <span aria-hidden="true">→</span>
        {member.targets.length > 1 && to !== null ? (
          <Select
            size="small"
            aria-label={t("batch.target", { name })}
            value={to}
            options={member.targets.map((value) => ({ value, label: value }))}
            onChange={(value) => batch.setTarget(id, value)}
          />
        ) : null}
        {to === null ? (
          <span>{t("batch.nowhere")}</span>
        ) : (
          <Side monitor={monitor} name={to} unnamed={member.targets.length > 1} />
        )}
        <span className="epoch">{t("monitor.epoch", { epoch: member.sight.epoch })}</span>
      </div>
      {changed ? <Changed monitor={monitor} /> : null}
      {picked && matters.length > 0 ? <CheckItems checks={matters} /> : null}
    </li>
  );
}

function Changed(props: { readonly monitor: LiveMonitor | null }) {
  const { t } = useWords();
  const { monitor } = props;
  const words =
    monitor === null
      ? t("batch.gone")
      : t("batch.changed-one", { active: monitor.active, now: monitor.epoch });
  return <p className="check check-refuses">{words}</p>;
}

function Side(props: {
  readonly monitor: LiveMonitor | null;
  readonly name: string;
  /** True: the name stands in a choice beside it. */
  readonly unnamed?: boolean;
}) {
  const dataCentre = props.monitor?.dataCentres.find(({ name }) => name === props.name);
  return (
    <span className="batch-side">
      {props.unnamed === true ? null : props.name}{" "}
      {dataCentre === undefined ? null : <StateBadge state={dataCentre.state} />}
    </span>
  );
}
